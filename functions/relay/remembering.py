"""Counters that remember what they wrote: the next batch is counted without reading it again."""

from collections.abc import Iterable, Sequence

import msgspec

from umbel_core.ledger import JobRecord
from umbel_core.op_stats import FOREVER, Counters, PeriodStats

_MOST_JOBS = 1000
_MOST_PERIODS = 10


class RememberingCounters:
    """What this process wrote last, or saw in the stream. A write says what it changes by its version.

    A job's changes come from one shard of the stream, so that one process counts most of them, and the op stats have
    a record for each writer. If another process wrote in between, the write is refused and nothing is counted twice:
    what was remembered is forgotten, and the next attempt reads.
    """

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._jobs: dict[str, JobRecord] = {}
        self._op_stats: dict[str, bytes] = {}
        """Encoded, because who reads them adds to them."""

    def learn(self, jobs: Iterable[JobRecord]) -> None:
        """Remember records that the stream brought, unless newer ones are known."""
        for job in jobs:
            if job.id not in self._jobs or self._jobs[job.id].version < job.version:
                self._remember(job)

    def read(
        self, job_ids: Iterable[str], periods: Iterable[str]
    ) -> tuple[dict[str, JobRecord], dict[str, PeriodStats]]:
        """Return the jobs that exist, by id, and the op stats of each period."""
        wanted, needed = list(job_ids), list(periods)
        if not self._jobs.keys() >= set(wanted) or (needed and FOREVER not in self._op_stats):
            return self._counters.read(wanted, needed)
        return {job_id: self._jobs[job_id] for job_id in wanted}, {period: self._stats(period) for period in needed}

    def write(self, jobs: Sequence[tuple[JobRecord, JobRecord]], op_stats: Iterable[PeriodStats]) -> bool:
        """Write jobs (old, new) and op stats, all or nothing; return False when another writer changed one of them."""
        written = list(op_stats)
        for old, _ in jobs:
            self._jobs.pop(old.id, None)
        known, self._op_stats = self._op_stats, {}
        if not self._counters.write(jobs, written):
            return False
        for _, new in jobs:
            self._remember(new)
        if len(known) < _MOST_PERIODS:
            self._op_stats = known
        for stats in written:
            now = msgspec.structs.replace(stats, version=stats.version + 1)
            self._op_stats[stats.period] = msgspec.json.encode(now)
        return True

    def _stats(self, period: str) -> PeriodStats:
        """Return the stats of a period. A minute that is not known has none yet, or the write is refused."""
        if period not in self._op_stats:
            return PeriodStats(period)
        return msgspec.json.decode(self._op_stats[period], type=PeriodStats)

    def _remember(self, job: JobRecord) -> None:
        self._jobs.pop(job.id, None)
        self._jobs[job.id] = job
        if len(self._jobs) > _MOST_JOBS:
            del self._jobs[next(iter(self._jobs))]

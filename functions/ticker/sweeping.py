"""Jobs whose tasks have all ended, though their records do not say so: the stream's records of that were given up."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from umbel_core.clock import stamp
from umbel_core.fold import TaskChange, recount
from umbel_core.ledger import ENDED, Job, Ledger, Task
from umbel_core.op_stats import Counters, count, periods_of

_SILENT = timedelta(minutes=20)
"""The stream may bring a change for fifteen minutes (infra/relay.py), and what it brought has to be written."""
_JOBS = 100
_TASKS = 100


class Sweeper(msgspec.Struct, frozen=True):
    """Counts again what will not be counted otherwise."""

    counters: Counters
    ledger: Ledger
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def sweep(self) -> list[str]:
        """Mend what is to be mended among the oldest jobs that have not ended; the ids of those jobs."""
        horizon = stamp(self.clock() - _SILENT)
        jobs, _ = self.counters.read(self.ledger.unfinished(_JOBS), [])
        return [job.id for job in jobs.values() if job.updated_at < horizon and self._mended(job, horizon)]

    def _mended(self, job: Job, horizon: str) -> bool:
        def silent(task: Task) -> bool:
            # An end that the stream still brings would be counted twice, however long the job had waited for it.
            return task.status in ENDED and (task.finished_at or "") < horizon

        # Where a job waits, its last tasks do: one short read tells most of them.
        if not all(map(silent, self.ledger.last_tasks(job.id, _TASKS))):
            return False
        tasks = list(self.ledger.all_tasks(job.id))
        if not tasks or not all(map(silent, tasks)):
            return False
        mended = recount(job, tasks)
        missed = list(_missed(job, mended, tasks))
        _, op_stats = self.counters.read([], periods_of(missed))
        count(op_stats, missed)
        return self.counters.write([(job, mended)], op_stats.values())


def _missed(job: Job, mended: Job, tasks: Sequence[Task]) -> Iterator[TaskChange]:
    """The ends that the job has not counted. Where it does not say which they are, they are the latest."""
    left = Counter({status: getattr(mended, status) - getattr(job, status) for status in ENDED})
    for task in sorted(tasks, key=lambda task: task.finished_at or "", reverse=True):
        known = job.variants.get(task.variant, {}).get("status", "pending")
        if known not in ENDED and left[task.status] > 0:
            left[task.status] -= 1
            yield TaskChange("", known, task)

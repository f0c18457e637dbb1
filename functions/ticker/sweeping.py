"""Recounts jobs whose tasks have all ended although the job does not say so: the relay gave up the stream's records."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from umbel_core.clock import stamp
from umbel_core.fold import TaskChange, recount
from umbel_core.ledger import ENDED, JobRecord, Ledger, TaskRecord
from umbel_core.op_stats import Counters, count, periods_of

_STREAM_AGE = timedelta(minutes=20)
"""The stream delivers a change for up to fifteen minutes (infra/relay.py); the relay needs time to write it."""
_JOBS = 100
_TASKS = 100


class Sweeper(msgspec.Struct, frozen=True):
    """Finds and recounts such jobs."""

    counters: Counters
    ledger: Ledger
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def sweep(self) -> list[str]:
        """Recount such jobs among the oldest that have not ended; return their ids."""
        horizon = stamp(self.clock() - _STREAM_AGE)
        jobs, _ = self.counters.read(self.ledger.unfinished(_JOBS), [])
        return [job.id for job in jobs.values() if job.updated_at < horizon and self._recounted(job, horizon)]

    def _recounted(self, job: JobRecord, horizon: str) -> bool:
        def long_ended(task: TaskRecord) -> bool:
            # A change that the stream may still deliver must not be counted here: the relay would count it again.
            return task.status in ENDED and (task.finished_at or "") < horizon

        # Tasks run in order, so one short read of the last ones finds most jobs that still have work.
        if not all(map(long_ended, self.ledger.last_tasks(job.id, _TASKS))):
            return False
        tasks = list(self.ledger.all_tasks(job.id))
        if not tasks or not all(map(long_ended, tasks)):
            return False
        recounted = recount(job, tasks)
        missed = list(_missed(job, recounted, tasks))
        _, op_stats = self.counters.read([], periods_of(missed))
        count(op_stats, missed)
        return self.counters.write([(job, recounted)], op_stats.values())


def _missed(job: JobRecord, recounted: JobRecord, tasks: Sequence[TaskRecord]) -> Iterator[TaskChange]:
    """Yield the ends that the job has not counted; of a job that does not list its tasks, the latest ends."""
    left = Counter({status: getattr(recounted, status) - getattr(job, status) for status in ENDED})
    for task in sorted(tasks, key=lambda task: task.finished_at or "", reverse=True):
        known = job.variants.get(task.variant, {}).get("status", "pending")
        if known not in ENDED and left[task.status] > 0:
            left[task.status] -= 1
            yield TaskChange("", known, task)

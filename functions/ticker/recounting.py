"""Recounts jobs whose tasks have all ended although the job does not say so: the relay gave up the stream's records."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from umbel_core.clock import stamp
from umbel_core.fold import TaskChange, recount
from umbel_core.ledger import ENDED, JobRecord, Ledger, TaskRecord
from umbel_core.op_stats import Counters, count, periods_of

_STREAM_AGE = timedelta(minutes=20)
"""The stream delivers a change for up to fifteen minutes (infra/relay.py); the relay needs time to write it."""


class Recounter(msgspec.Struct, frozen=True):
    """Recounts a job when all its tasks have ended long ago, or those of a job with `max_in_flight` that are not open.

    The open tasks of such a job cannot be sent while it does not know that others have ended.
    """

    counters: Counters
    ledger: Ledger

    def recount(self, job: JobRecord, tasks: Sequence[TaskRecord], now: datetime) -> bool:
        """Recount the job from all its tasks, if the stream delivers none of their changes any more."""
        horizon = stamp(now - _STREAM_AGE)
        # A change that the stream may still deliver must not be counted here: the relay would count it again.
        is_old = all((task.finished_at or "") < horizon for task in tasks if task.status in ENDED)
        have_ended = all(task.status in ENDED for task in tasks)
        if not tasks or job.updated_at >= horizon or not is_old or not (have_ended or job.max_in_flight):
            return False
        recounted = recount(job, tasks)
        if not have_ended and (recounted.held, _ends(recounted)) == (job.held, _ends(job)):
            return False
        missed = list(_missed(job, recounted, tasks))
        _, op_stats = self.counters.read([], periods_of(missed))
        count(op_stats, missed)
        return self.counters.write([(job, recounted)], op_stats.values())


def _ends(job: JobRecord) -> tuple[int, int, int]:
    return job.completed, job.failed, job.skipped


def _missed(job: JobRecord, recounted: JobRecord, tasks: Sequence[TaskRecord]) -> Iterator[TaskChange]:
    """Yield the ends that the job has not counted; of a job that does not list its tasks, the latest ends."""
    left = Counter({status: getattr(recounted, status) - getattr(job, status) for status in ENDED})
    for task in sorted(tasks, key=lambda task: task.finished_at or "", reverse=True):
        known = job.variants.get(task.variant, {}).get("status", "pending")
        if known not in ENDED and left[task.status] > 0:
            left[task.status] -= 1
            yield TaskChange("", known, task)

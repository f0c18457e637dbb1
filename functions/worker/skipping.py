"""Decides which tasks are skipped, and which must wait for the task before them."""

import time
from collections.abc import Iterable
from typing import NamedTuple

from umbel_core.clock import epoch
from umbel_core.group_order import CANCELLED, DEADLINE, Skipped, check_task_before
from umbel_core.ledger import Ledger
from umbel_core.messages import RunTask

_CACHE_SECONDS = 1.0


class _Read(NamedTuple):
    """What one read found. It is replaced as a whole, because threads run the groups of a batch."""

    jobs: frozenset[str] = frozenset()
    cancelled: frozenset[str] = frozenset()
    at: float = 0.0


class Skipping:
    """Keeps which jobs are cancelled; it reads that for a whole batch, at most once a second, not once per task."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._batch: frozenset[str] = frozenset()
        self._read = _Read()

    def expect(self, job_ids: Iterable[str]) -> None:
        """Say which jobs the tasks of the next batch belong to, so that one read serves them all."""
        self._batch = frozenset(job_ids)

    def check(self, job_id: str, *, retried: bool = False, planned_at: float | None = None) -> None:
        """Raise `Skipped` when the job is cancelled. A retried task ignores the cache: its retry ended the cancel.

        A job that was planned within the last second was not cancelled then, which is as good as a read.
        """
        read = self._read
        is_old = job_id not in read.jobs or time.monotonic() - read.at > _CACHE_SECONDS
        if is_old and not retried and planned_at is not None and time.time() - planned_at <= _CACHE_SECONDS:
            return
        if is_old or (retried and job_id in read.cancelled):
            jobs = self._batch | {job_id}
            self._read = read = _Read(jobs, self._ledger.cancelled(jobs), time.monotonic())
        if job_id in read.cancelled:
            raise Skipped(*CANCELLED)

    def check_deadline(self, command: RunTask) -> None:
        """Raise `Skipped` when the job's deadline has passed."""
        if command.is_late(epoch()):
            raise Skipped(*DEADLINE)

    def check_group(self, command: RunTask) -> None:
        """Raise `Skipped` when a failed task stopped the group, `NotEndedError` when the task before has not ended."""
        if command.after is not None:
            check_task_before(self._ledger, command)
        elif command.stop_group and command.group:
            reason = self._ledger.stopped(command.job_id, command.group)
            if reason:
                raise Skipped("group_stopped", reason)

"""Decides which tasks are skipped, and which must wait for the task before them."""

import time

from umbel_core.clock import epoch
from umbel_core.group_order import Skipped, check_task_before
from umbel_core.ledger import Ledger
from umbel_core.messages import RunTask

_CACHE_SECONDS = 1.0


class Skipping:
    """Keeps the cancelled jobs; it reads them from the ledger once a second, not once per task."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._cancelled: frozenset[str] = frozenset()
        self._read_at = float("-inf")

    def check(self, job_id: str, *, retried: bool = False) -> None:
        """Raise `Skipped` when the job is cancelled. A retried task ignores the cache: its retry ended the cancel."""
        if time.monotonic() - self._read_at > _CACHE_SECONDS or (retried and job_id in self._cancelled):
            self._cancelled = self._ledger.cancelled()
            self._read_at = time.monotonic()
        if job_id in self._cancelled:
            raise Skipped("cancelled", "The job was cancelled before this task started.")

    def check_deadline(self, command: RunTask) -> None:
        """Raise `Skipped` when the job's deadline has passed. A retried task has none."""
        if command.deadline is not None and command.round == 0 and epoch() >= command.deadline:
            raise Skipped("deadline", "The job's deadline passed before this task started.")

    def check_group(self, command: RunTask) -> None:
        """Raise `Skipped` when a failed task stopped the group, `NotEndedError` when the task before has not ended."""
        if command.after is not None:
            check_task_before(self._ledger, command)
        elif command.stop_group and command.group:
            reason = self._ledger.stopped(command.job_id, command.group)
            if reason:
                raise Skipped("group_stopped", reason)

"""Decides which tasks are skipped, and which must wait for the task before them."""

import time

from umbel_core.clock import epoch
from umbel_core.ledger import Ledger, stopped_by
from umbel_core.messages import RunTask

_CACHE_SECONDS = 1.0


class Skipped(Exception):  # noqa: N818 - a decision, not an error
    """The task must not run; code and sentence say why."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class OutOfTurnError(Exception):
    """The task before this one in its group has not ended; the message must be delivered again."""


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
        """Raise `Skipped` when a failed task stopped the group, `OutOfTurnError` when the task before has not ended."""
        if command.after is not None:
            self._check_task_before(command, command.after)
        elif command.stop_group and command.group:
            reason = self._ledger.stopped(command.job_id, command.group)
            if reason:
                raise Skipped("group_stopped", reason)

    def _check_task_before(self, command: RunTask, after: int) -> None:
        """Require that the task before has completed. That it has not failed is not enough: a queue goes on after a
        message that it gave up, before the dead-letter function has marked its task failed.
        """
        before = self._ledger.task(command.job_id, after)
        if before is None or before.status == "completed":
            return
        if before.error is None:
            raise OutOfTurnError(f"task {before.index} of the group '{command.group}' has not ended yet")
        if before.status == "failed":
            raise Skipped("group_stopped", stopped_by(before, before.error))
        raise Skipped(before.error.code, before.error.message)

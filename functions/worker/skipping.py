"""Which tasks are not to be done any more, and which not yet."""

import time

from umbel_core.ledger import Ledger, stopped_by
from umbel_core.messages import RunTask

_FRESH_SECONDS = 1.0


class Skipped(Exception):  # noqa: N818 - a decision, not a malfunction
    """The task is not to be done; code and sentence say why."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class OutOfTurnError(Exception):
    """The task before it in its group has not ended: this one comes again."""


class Skipping:
    """Knows the jobs cancelled lately; asks the ledger at most once a second, not once a task."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._cancelled: frozenset[str] = frozenset()
        self._asked = float("-inf")

    def check(self, job_id: str, *, retried: bool = False) -> None:
        """Raise `Skipped` for a task of a cancelled job. A retried task may know better than what was heard last."""
        if time.monotonic() - self._asked > _FRESH_SECONDS or (retried and job_id in self._cancelled):
            self._cancelled = self._ledger.cancelled()
            self._asked = time.monotonic()
        if job_id in self._cancelled:
            raise Skipped("cancelled", "The job was cancelled before this task's turn came.")

    def check_group(self, command: RunTask) -> None:
        """Raise `Skipped` for a task behind the failure that stopped its group."""
        if command.after is not None:
            self._check_turn(command, command.after)
        elif command.stop_group and command.group:
            reason = self._ledger.stopped(command.job_id, command.group)
            if reason:
                raise Skipped("group_stopped", reason)

    def _check_turn(self, command: RunTask, after: int) -> None:
        """The task before this one has to be completed, which is more than that it has not failed: a queue that gives a
        message up goes on, and that is before anybody could say in the ledger that its task failed.
        """
        before = self._ledger.task(command.job_id, after)
        if before is None or before.status == "completed":
            return
        if before.error is None:
            raise OutOfTurnError(f"task {before.index} of the group '{command.group}' has not ended yet")
        if before.status == "failed":
            raise Skipped("group_stopped", stopped_by(before, before.error))
        raise Skipped(before.error.code, before.error.message)

"""Which tasks are not to be done any more."""

import time

from umbel_core.ledger import Ledger

_FRESH_SECONDS = 1.0


class Skipped(Exception):  # noqa: N818 - a decision, not a malfunction
    """The task is not to be done; code and sentence say why."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class Skipping:
    """Knows the jobs cancelled lately; asks the ledger at most once a second, not once a task."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._cancelled: frozenset[str] = frozenset()
        self._asked = float("-inf")

    def check(self, job: str, *, retried: bool = False) -> None:
        """Raise `Skipped` for a task of a cancelled job. A retried task may know better than what was heard last."""
        if time.monotonic() - self._asked > _FRESH_SECONDS or (retried and job in self._cancelled):
            self._cancelled = self._ledger.cancelled()
            self._asked = time.monotonic()
        if job in self._cancelled:
            raise Skipped("cancelled", "The job was cancelled before this task's turn came.")

    def check_group(self, job: str, group: str) -> None:
        """Raise `Skipped` for a task behind the failure that stopped its group; asked for every one, and exactly."""
        reason = self._ledger.stopped(job, group)
        if reason:
            raise Skipped("group_stopped", reason)

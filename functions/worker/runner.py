"""One task from message to commit, whatever the op: the guard, the clock, the verdict."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from secrets import token_hex
from typing import Any, Literal, Protocol

import msgspec

from umbel_core.clock import now
from umbel_core.cost import run_cost_nano
from umbel_core.errors import Rejected, Transient
from umbel_core.ledger import ErrorRecord, Ledger, Outcome
from umbel_core.messages import RunTask
from umbel_core.op import OpCard
from worker.mark_running import MarkRunning
from worker.skipping import Skipped, Skipping

Status = Literal["completed", "failed", "skipped"]
_TRIES = 3
"""What may pass by itself is tried so many times."""


class Work(Protocol):
    """Runs the op on one task's input and gives what the ledger keeps of the result."""

    def __call__(self, command: RunTask) -> Any: ...


class Runner(msgspec.Struct, frozen=True):
    """A worker's whole duty for one message."""

    card: OpCard
    work: Work
    ledger: Ledger
    skipping: Skipping
    announce: Callable[[Ledger, RunTask, int, str], AbstractContextManager[None]] = MarkRunning
    name: str = msgspec.field(default_factory=lambda: token_hex(4))
    """Tells this execution environment from the op's others."""

    def run(self, command: RunTask, attempts: int) -> Outcome | None:
        """Do the task and commit its outcome; None when it had ended before.

        A fault of ours rises, to be retried; so does, the first times, a refusal that may pass.
        """
        if attempts > 1 and self._ended(command):
            return None
        started_at, start = now(), time.perf_counter()
        status: Status
        error: ErrorRecord | None
        try:
            self.skipping.check(command.job_id, retried=command.round > 0)
            self.skipping.check_group(command)
            with self.announce(self.ledger, command, attempts, started_at):
                result = self.work(command)
            status, error = "completed", None
        except Skipped as skipped:
            status, result, error = "skipped", None, ErrorRecord(skipped.code, skipped.sentence)
        except Rejected as rejected:
            if isinstance(rejected, Transient) and self._transient_refusals(command) + 1 < _TRIES:
                raise
            status, result, error = "failed", None, ErrorRecord.of(rejected)
        duration_ms = (time.perf_counter() - start) * 1000
        outcome = Outcome(
            status=status,
            result=result,
            error=error,
            attempts=attempts,
            started_at=started_at,
            finished_at=now(),
            duration_ms=round(duration_ms),
            cost_nano=run_cost_nano(duration_ms, self.card.compute.memory_mb),
            worker=self.name,
        )
        return outcome if self.ledger.commit(command, outcome) else None

    def _transient_refusals(self, command: RunTask) -> int:
        task = self.ledger.task(command.job_id, command.index)
        return task.transient_refusals if task else _TRIES

    def _ended(self, command: RunTask) -> bool:
        """A message that was received before may have been answered before."""
        task = self.ledger.task(command.job_id, command.index)
        return task is not None and (task.round > command.round or task.status in ("completed", "failed", "skipped"))

"""One task from message to committed outcome, whatever the op."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from secrets import token_hex
from typing import Any, Literal, Protocol

import msgspec

from umbel_core.clock import now
from umbel_core.cost import run_cost_nano
from umbel_core.errors import Rejected, Transient
from umbel_core.group_order import Skipped
from umbel_core.ledger import ENDED, ErrorRecord, Ledger, Outcome
from umbel_core.messages import RunTask
from umbel_core.op import OpCard
from worker.mark_running import MarkRunning
from worker.skipping import Skipping

Status = Literal["completed", "failed", "skipped"]
_TRIES = 3
"""Tries of a task that fails with a transient refusal."""


class Work(Protocol):
    """Runs the op on one task's input and returns what the ledger keeps of the result."""

    def __call__(self, command: RunTask) -> Any: ...


class Runner(msgspec.Struct, frozen=True):
    """Runs tasks of one op."""

    card: OpCard
    work: Work
    ledger: Ledger
    skipping: Skipping
    mark_running: Callable[[Ledger, RunTask, int, str], AbstractContextManager[None]] = MarkRunning
    name: str = msgspec.field(default_factory=lambda: token_hex(4))
    """Distinguishes this execution environment from the others of the op."""

    def run(self, command: RunTask, attempts: int) -> Outcome | None:
        """Run the task and commit its outcome; return None when it had ended before.

        An error that is not a refusal is recorded in the ledger and raised, so that the message is delivered again; so
        is a transient refusal, until the last try.
        """
        try:
            return self._run(command, attempts)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            self.ledger.record_error(command, attempts, reason, transient=isinstance(error, Transient))
            raise

    def _run(self, command: RunTask, attempts: int) -> Outcome | None:
        if (attempts > 1 or command.publication) and self._ended(command):
            return None
        started_at, start = now(), time.perf_counter()
        status: Status
        error: ErrorRecord | None
        try:
            self.skipping.check(command.job_id, retried=command.round > 0)
            self.skipping.check_deadline(command)
            self.skipping.check_group(command)
            with self.mark_running(self.ledger, command, attempts, started_at):
                result = self.work(command)
            status, error = "completed", None
        except Skipped as skipped:
            status, result, error = "skipped", None, ErrorRecord(skipped.code, skipped.sentence)
        except Rejected as rejected:
            if isinstance(rejected, Transient) and self._transient_refusals(command) + 1 < _TRIES:
                raise
            result = rejected.result if isinstance(rejected, Transient) else None
            status, error = ("failed", ErrorRecord.of(rejected)) if result is None else ("completed", None)
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
        """Return True when the task has ended or was retried since: this message may be a duplicate."""
        task = self.ledger.task(command.job_id, command.index)
        return task is not None and (task.round > command.round or task.status in ENDED)

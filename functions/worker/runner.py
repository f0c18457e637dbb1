"""One task from message to committed outcome, whatever the op."""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from secrets import token_hex
from typing import Any, Literal, Protocol

import msgspec

from umbel_core.clock import epoch, now
from umbel_core.cost import lost_run_cost_nano, run_cost_nano
from umbel_core.errors import LastAttemptError, Postponed, Rejected, Transient
from umbel_core.group_order import NotEndedError, Skipped
from umbel_core.ledger import ENDED, AlreadyRunningError, ErrorRecord, Ledger, Outcome
from umbel_core.messages import RunTask
from umbel_core.op import Compute, OpCard
from worker.mark_running import MarkRunning
from worker.skipping import Skipping

DEATHS = 3
"""A task that stopped its worker so often, without any error that could be recorded, does not run again."""
MAX_ATTEMPTS = 8
"""After so many attempts, the last of which ended in an error, the task is given up: pauses of two minutes in all.

A message may be received more often than this, because it is received also when no worker is free.
"""
_TRANSIENT_ATTEMPTS = 3
"""Attempts of a task that fails with a transient refusal."""


class Work(Protocol):
    """Runs the op on one task's input and returns what the ledger keeps of the result."""

    def __call__(self, command: RunTask) -> Any: ...


class Runner(msgspec.Struct, frozen=True):
    """Runs tasks of one op."""

    card: OpCard
    work: Work
    ledger: Ledger
    skipping: Skipping
    cards: Mapping[str, OpCard] = {}
    """The cards of all ops of the lane of fused recipes, which has a card of its own."""
    mark_running: Callable[[Ledger, RunTask, int, str], AbstractContextManager[None]] = MarkRunning
    name: str = msgspec.field(default_factory=lambda: token_hex(4))
    """Distinguishes this execution environment from the others of the op."""

    def run(self, command: RunTask, receives: int, claimed_until: int | None = None) -> Outcome | None:
        """Run the task and commit its outcome; return None when that is not needed any more.

        An error that is not a refusal is recorded in the ledger and raised, so that the message is delivered again; so
        is a transient refusal, until the last attempt. After the error of its last attempt, raise `LastAttemptError`.

        `claimed_until` is when this invocation has ended at the latest, in seconds since 1970. Before, no other attempt
        of the task begins.
        """
        attempts: int | None = None
        start, lost_nano = time.perf_counter(), 0
        compute = self._card(command).compute
        may_have_begun = receives > 1 or command.publication > 0 or command.shared or compute.effects
        try:
            if skipped := self._skipped(command):
                task = self.ledger.task(command.job_id, command.index) if may_have_begun else None
                if task and task.may_be_running:
                    raise AlreadyRunningError(task.claimed_until - epoch())
                return self._commit(command, skipped)
            if may_have_begun:
                seconds = claimed_until - epoch() if claimed_until else compute.timeout_seconds + 1
                task = self.ledger.begin(command, token_hex(8), seconds, again=receives > 1)
                if task is None:
                    return None
                lost_nano = (task.begun - 1) * lost_run_cost_nano(self._card(command))
                if task.begun > DEATHS:
                    return self._commit(command, self._worker_died(compute, task.attempts - 1), lost_nano)
                attempts = task.attempts
            else:
                attempts = 1
            return self._commit(command, self._run(command, attempts), lost_nano)
        except NotEndedError:
            task = self.ledger.task(command.job_id, command.index)
            if task and (task.status in ENDED or task.has_newer_message(command)):
                return None  # it would hold up what is behind it in its group
            if receives == 1:
                self.ledger.mark_received(command)
            raise
        except AlreadyRunningError:
            raise
        except Exception as error:
            cost_nano = lost_nano + self._cost_nano(command, (time.perf_counter() - start) * 1000)
            self._record(command, attempts, error, cost_nano)
            raise

    def _card(self, command: RunTask) -> OpCard:
        return self.cards.get(command.op, self.card)

    def _cost_nano(self, command: RunTask, duration_ms: float) -> int:
        return run_cost_nano(duration_ms, self._card(command), tasks=len(command.tasks))

    def _skipped(self, command: RunTask) -> Outcome | None:
        """Return the outcome of a task that must not run, else None."""
        try:
            self.skipping.check(command.job_id, retried=command.round > 0, planned_at=command.planned_at)
            self.skipping.check_deadline(command)
            self.skipping.check_group(command)
        except Skipped as skipped:
            return Outcome(status="skipped", error=ErrorRecord(skipped.code, skipped.sentence), finished_at=now())
        return None

    def _worker_died(self, compute: Compute, attempts: int) -> Outcome:
        sentence = (
            f"It stopped its worker {DEATHS} times; it may need more memory than the op's {compute.memory_mb} MB, or "
            f"more time than its {compute.timeout_seconds} seconds."
        )
        return Outcome(
            status="failed", error=ErrorRecord("worker_died", sentence), attempts=attempts, finished_at=now()
        )

    def _run(self, command: RunTask, attempts: int) -> Outcome:
        started_at, start = now(), time.perf_counter()
        status: Literal["completed", "failed"]
        error: ErrorRecord | None
        try:
            with self.mark_running(self.ledger, command, attempts, started_at):
                try:
                    result = self.work(command)
                except (SystemExit, KeyboardInterrupt) as way_out:  # a library's way out, which would end the worker
                    raise RuntimeError(f"the op ended its process with {way_out!r}") from way_out
            status, error = "completed", None
        except Rejected as rejected:
            if isinstance(rejected, Transient) and self._transient_refusals(command) + 1 < _TRANSIENT_ATTEMPTS:
                raise
            result = rejected.result if isinstance(rejected, Transient) else None
            status, error = ("failed", ErrorRecord.of(rejected)) if result is None else ("completed", None)
        duration_ms = (time.perf_counter() - start) * 1000
        return Outcome(
            status=status,
            result=result,
            error=error,
            attempts=attempts,
            started_at=started_at,
            finished_at=now(),
            duration_ms=round(duration_ms),
            cost_nano=self._cost_nano(command, duration_ms),
            worker=self.name,
        )

    def _commit(self, command: RunTask, outcome: Outcome, lost_nano: int = 0) -> Outcome | None:
        """Commit the outcome; when the task had ended before, count a run of the op that was one too many.

        `lost_nano` is the cost of the runs before that stopped their worker.
        """
        outcome = msgspec.structs.replace(outcome, cost_nano=outcome.cost_nano + lost_nano)
        if self.ledger.commit(command, outcome):
            return outcome
        if outcome.duration_ms is not None:
            there = self.ledger.task(command.job_id, command.index)
            if there and (there.worker, there.started_at) == (outcome.worker, outcome.started_at):
                return outcome  # committed by this very write: the SDK repeated it because the first answer was lost
            self.ledger.count_repeat(command, outcome.cost_nano)
        return None

    def _record(self, command: RunTask, attempts: int | None, error: Exception, cost_nano: int) -> None:
        """Record the error of an attempt; raise `LastAttemptError` when it was the last one."""
        if attempts is not None and isinstance(error, Postponed):
            attempts -= 1  # the op has not run
        reason = f"{type(error).__name__}: {error}"
        is_transient = isinstance(error, Transient)
        self.ledger.record_error(command, attempts, reason, transient=is_transient, cost_nano=cost_nano)
        if attempts is not None and attempts >= MAX_ATTEMPTS and not isinstance(error, Postponed | Transient):
            raise LastAttemptError(reason) from error

    def _transient_refusals(self, command: RunTask) -> int:
        task = self.ledger.task(command.job_id, command.index)
        return task.transient_refusals if task else _TRANSIENT_ATTEMPTS

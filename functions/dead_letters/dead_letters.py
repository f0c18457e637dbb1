"""Fails the task or the job of a dead letter, and keeps the dead letter so that it can be redriven."""

from collections.abc import Callable

import msgspec

from umbel_core.clock import epoch, now
from umbel_core.group_order import Skipped, check_task_before
from umbel_core.intake_messages import ObjectCreated, job_for, read_message
from umbel_core.ledger import INTAKE, NO_ANSWER, AlreadyRunningError, DeadLetter, ErrorRecord, Event, Ledger, Outcome
from umbel_core.messages import RunTask
from umbel_core.trace import trace_id_of

GIVEN_UP = "given_up"


class DeadLetters(msgspec.Struct, frozen=True):
    """The dead-letter function's work on one message."""

    ledger: Ledger
    begin: Callable[[str, str], object] = lambda job_id, trace_id: None  # noqa: ARG005 - named for the reader
    """Called with the ids of the job of a message, and of its trace."""

    def fail_tasks(self, lane: str, message: str, body: str) -> list[DeadLetter]:
        """Fail the tasks of a message as `fail_task` does; those of fused recipes are dead letters of their ops."""
        try:
            tasks = msgspec.json.decode(body, type=RunTask).tasks
        except msgspec.DecodeError:
            tasks = []
        if not any(task.fused for task in tasks):
            return [kept] if (kept := self.fail_task(lane, message, body)) else []
        alone = [msgspec.structs.replace(task, together=[]) for task in tasks]
        bodies = [(task.op, f"{message}-{task.index}", msgspec.json.encode(task).decode()) for task in alone]
        return [kept for each in bodies if (kept := self.fail_task(*each))]

    def fail_task(self, op: str, message: str, body: str) -> DeadLetter | None:
        """Fail the task and keep the dead letter; return None when the message does not decide how its task ends.

        Raise `NotEndedError` when the task before in its group has not ended, and `AlreadyRunningError` when another
        attempt of the task has not: the message must be delivered again.
        """
        try:
            command = msgspec.json.decode(body, type=RunTask)
        except msgspec.DecodeError as error:
            return self._with_event(
                self._keep(DeadLetter(op=op, id=message, body=body, at=now(), reason=f"not a task: {error}"))
            )
        self.begin(command.job_id, command.trace_id)
        task = self.ledger.task(command.job_id, command.index)
        if task and task.has_newer_message(command):
            # An earlier delivery may have kept it, before the task was started over.
            self.ledger.delete_dead_letter(DeadLetter(op=op, id=message, body=body, at=now(), reason=""))
            return None
        if task and task.may_be_running:
            raise AlreadyRunningError(task.claimed_until - epoch())
        try:
            check_task_before(self.ledger, command)
        except Skipped as skipped:
            # Its queue went on after a message that it gave up; a worker would have skipped this task as well.
            stop = ErrorRecord(skipped.code, skipped.sentence)
            self.ledger.commit(command, Outcome(status="skipped", error=stop, finished_at=now()))
            return None
        last_error = task.last_error if task else None
        cause = NO_ANSWER if last_error in (None, NO_ANSWER) else f"the last error was {last_error}"
        attempts = task.attempts if task else 0
        times = f"after {attempts} attempts" if attempts else "because its message was received too often"
        reason = f"Given up {times}; {cause}."
        dead_letter = DeadLetter(
            op=op,
            id=message,
            body=body,
            at=now(),
            reason=reason,
            job_id=command.job_id,
            index=command.index,
            trace_id=command.trace_id,
        )
        outcome = Outcome(status="failed", error=ErrorRecord(GIVEN_UP, reason), finished_at=now())
        # Kept first, so that every task with the error `given_up` can be redriven.
        self._keep(dead_letter)
        if self.ledger.commit(command, outcome) or self._gave_up(command):
            return self._with_event(dead_letter)
        self.ledger.delete_dead_letter(dead_letter)
        return None

    def _gave_up(self, command: RunTask) -> bool:
        """Return True when an earlier delivery of the dead letter failed the task, but did not get any further."""
        task = self.ledger.task(command.job_id, command.index)
        return bool(task and task.round == command.round and task.error and task.error.code == GIVEN_UP)

    def fail_jobs(self, message: str, body: str, trace_id: str = "") -> DeadLetter:
        """Fail the jobs that could not be planned, and keep the dead letter."""
        reason = "The coordinator could not plan this job; redrive it when the cause is removed."
        try:
            created_objects = [created for created in read_message(body) if isinstance(created, ObjectCreated)]
        except (msgspec.DecodeError, KeyError, AttributeError) as error:
            reason, created_objects = f"not an event of S3: {error}", []
        for created in created_objects:
            job = job_for(created, self.ledger)
            job.trace_id = job.trace_id or trace_id or trace_id_of(job.id)
            self.begin(job.id, job.trace_id)
            if not job.planned:
                job.status = "failed"
                job.errors = [ErrorRecord("not_planned", reason)]
                job.version += 1
                self.ledger.plan(job, [])
        return self._with_event(self._keep(DeadLetter(op=INTAKE, id=message, body=body, at=now(), reason=reason)))

    def _keep(self, dead_letter: DeadLetter) -> DeadLetter:
        self.ledger.put_dead_letter(dead_letter)
        return dead_letter

    def _with_event(self, dead_letter: DeadLetter) -> DeadLetter:
        sentence = f"{dead_letter.op} gave up a message: {dead_letter.reason}"
        self.ledger.record_event(Event(kind="dead_letter", op=dead_letter.op, message=sentence))
        return dead_letter

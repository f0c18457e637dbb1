"""What became of a message that was tried too often: said in the ledger, kept for redrive."""

import msgspec

from umbel_core.clock import now
from umbel_core.intake_messages import ObjectCreated, job_for, read_message
from umbel_core.ledger import INTAKE, DeadLetter, ErrorRecord, Event, Ledger, Outcome
from umbel_core.messages import RunTask

GIVEN_UP = "given_up"
_SILENT = "its worker stopped without an answer: it was killed, ran out of time or ran out of memory"


class DeadLetters(msgspec.Struct, frozen=True):
    """The dead-letter function's work on one dead letter."""

    ledger: Ledger

    def fail_task(self, op: str, message: str, body: str, attempts: int) -> DeadLetter | None:
        """Fail the task with its reason and keep the letter; None when the task had ended after all."""
        try:
            command = msgspec.json.decode(body, type=RunTask)
        except msgspec.DecodeError as error:
            return self._with_event(
                self._keep(DeadLetter(op=op, id=message, body=body, at=now(), reason=f"not a task: {error}"))
            )
        task = self.ledger.task(command.job_id, command.index)
        last = (task and task.last_error) or _SILENT
        reason = f"Given up after {attempts} attempts; at last {last}."
        letter = DeadLetter(
            op=op, id=message, body=body, at=now(), reason=reason, job_id=command.job_id, index=command.index
        )
        outcome = Outcome(status="failed", error=ErrorRecord(GIVEN_UP, reason), attempts=attempts, finished_at=now())
        # The letter is kept first: a task that says it was given up can always be redriven.
        self._keep(letter)
        if self.ledger.commit(command, outcome) or self._gave_up(command):
            return self._with_event(letter)
        self.ledger.delete_dead_letter(letter)
        return None

    def _gave_up(self, command: RunTask) -> bool:
        """True when a dead-letter function that did not live to say so has failed the task before."""
        task = self.ledger.task(command.job_id, command.index)
        return bool(task and task.round == command.round and task.error and task.error.code == GIVEN_UP)

    def fail_jobs(self, message: str, body: str) -> DeadLetter:
        """Fail the jobs that could not be planned, and keep the letter."""
        reason = "The coordinator could not plan this job; redrive it when the cause is mended."
        try:
            created_objects = [created for created in read_message(body) if isinstance(created, ObjectCreated)]
        except (msgspec.DecodeError, KeyError, AttributeError) as error:
            reason, created_objects = f"not a notice of S3: {error}", []
        for created in created_objects:
            job = job_for(created, self.ledger)
            if not job.planned:
                job.status = "failed"
                job.errors = [ErrorRecord("not_planned", reason)]
                job.version += 1
                self.ledger.plan(job, [])
        return self._with_event(self._keep(DeadLetter(op=INTAKE, id=message, body=body, at=now(), reason=reason)))

    def _keep(self, letter: DeadLetter) -> DeadLetter:
        self.ledger.put_dead_letter(letter)
        return letter

    def _with_event(self, letter: DeadLetter) -> DeadLetter:
        self.ledger.record_event(
            Event(kind="dead_letter", op=letter.op, message=f"{letter.op} gave up a message: {letter.reason}")
        )
        return letter

"""What became of a message that was tried too often: said in the ledger, kept for redrive."""

import msgspec

from umbel_core.arrivals import Arrived, job_of, read_message
from umbel_core.clock import now
from umbel_core.ledger import INTAKE, DeadLetter, Event, Fault, Ledger, Outcome
from umbel_core.messages import RunTask

GIVEN_UP = "given_up"
_SILENT = "its worker stopped without an answer: it was killed, ran out of time or ran out of memory"


class Undertaker(msgspec.Struct, frozen=True):
    """The undertaker's work on one dead letter."""

    ledger: Ledger

    def bury_task(self, op: str, message: str, body: str, attempts: int) -> DeadLetter | None:
        """Fail the task with its reason and keep the letter; None when the task had ended after all."""
        try:
            command = msgspec.json.decode(body, type=RunTask)
        except msgspec.DecodeError as fault:
            return self._told(
                self._keep(DeadLetter(op=op, id=message, body=body, at=now(), reason=f"not a task: {fault}"))
            )
        task = self.ledger.task(command.job, command.index)
        last = (task and task.last_error) or _SILENT
        reason = f"Given up after {attempts} attempts; at last {last}."
        letter = DeadLetter(op=op, id=message, body=body, at=now(), reason=reason, job=command.job, index=command.index)
        outcome = Outcome(status="failed", error=Fault(GIVEN_UP, reason), attempts=attempts, finished_at=now())
        # The letter is kept first: a task that says it was given up can always be redriven.
        self._keep(letter)
        if self.ledger.commit(command, outcome) or self._gave_up(command):
            return self._told(letter)
        self.ledger.unearth(letter)
        return None

    def _gave_up(self, command: RunTask) -> bool:
        """True when an undertaker that did not live to say so has failed the task before."""
        task = self.ledger.task(command.job, command.index)
        return bool(task and task.round == command.round and task.error and task.error.code == GIVEN_UP)

    def bury_arrival(self, message: str, body: str) -> DeadLetter:
        """Fail the jobs that could not be planned, and keep the letter."""
        reason = "The coordinator could not plan this job; redrive it when the cause is mended."
        try:
            arrivals = [arrival for arrival in read_message(body) if isinstance(arrival, Arrived)]
        except (msgspec.DecodeError, KeyError, AttributeError) as fault:
            reason, arrivals = f"not a notice of S3: {fault}", []
        for arrival in arrivals:
            job = job_of(arrival, self.ledger)
            if not job.planned:
                job.status = "failed"
                job.errors = [Fault("not_planned", reason)]
                job.version += 1
                self.ledger.plan(job, [])
        return self._told(self._keep(DeadLetter(op=INTAKE, id=message, body=body, at=now(), reason=reason)))

    def _keep(self, letter: DeadLetter) -> DeadLetter:
        self.ledger.bury(letter)
        return letter

    def _told(self, letter: DeadLetter) -> DeadLetter:
        self.ledger.tell(
            Event(kind="dead_letter", op=letter.op, message=f"{letter.op} gave up a message: {letter.reason}")
        )
        return letter

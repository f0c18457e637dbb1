"""The records of the ledger (jobs, tasks, dead letters, events) and the interface of the ledger itself."""

from collections.abc import Iterable, Iterator, Sequence
from secrets import token_hex
from typing import Any, Literal, Protocol

import msgspec
from msgspec import field

from umbel_core.clock import epoch, now
from umbel_core.contract.records import JobStatus, SystemEventKind, TaskStatus
from umbel_core.contract.requests import JobKind, OnError, Priority, TaskSpec
from umbel_core.errors import Postponed, Rejected
from umbel_core.ids import task_id
from umbel_core.messages import LIVE, STORED_NAMES, RunTask
from umbel_core.sweeper_state import SweeperState

ENDED: tuple[TaskStatus, ...] = ("completed", "failed", "skipped")
OPEN: tuple[JobStatus, ...] = ("pending", "running")
NO_ANSWER = "its worker gave no answer: it was killed, timed out, ran out of memory or could not start"
"""The cause of another attempt where no error was recorded."""
KEPT_ERRORS = 100
"""A job lists at most this many errors; each of its tasks has its own."""
KEPT_SENTENCE = 300
"""Bytes that a job keeps of an error's sentence, so that the job fits into one message; the task has all of it."""
_LONGEST_SENTENCE = 4000
"""Bytes that a task keeps of an error's sentence. It may quote the input, and a record has at most 400 kB."""


class ErrorRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a task or a job failed: a code for programs, a sentence for people."""

    code: str
    message: str
    task: str | None = None
    variant: str | None = None
    group: str | None = None
    path: str | None = None
    """JSON Pointer to the part of the request that is wrong."""

    @classmethod
    def of(cls, rejected: Rejected) -> "ErrorRecord":
        """Return the record of a refusal."""
        return cls(rejected.code, _cut(rejected.sentence, _LONGEST_SENTENCE), path=rejected.pointer or None)

    @classmethod
    def of_task(cls, task: "TaskRecord") -> "ErrorRecord":
        """Return what a job keeps of a failed task's error."""
        assert task.error
        sentence = _cut(task.error.message, KEPT_SENTENCE)
        return cls(task.error.code, sentence, task=task.id, variant=task.variant, group=task.group)


def _cut(text: str, most: int) -> str:
    """Return the start of a text, at most so many bytes."""
    return text.encode()[:most].decode(errors="ignore")


class TaskRecord(msgspec.Struct, kw_only=True, rename=STORED_NAMES):
    """A task's record, under the key (job id, index)."""

    job_id: str
    index: int
    op: str
    variant: str
    input: Any
    params: dict[str, Any] = {}
    group: str | None = None
    visit_time: str | None = None
    """The visit's time as the batch gave it; None in other jobs."""
    etag: str | None = None
    object_version: str | None = None
    after: int | None = None
    after_ended: bool = False
    stop_group: bool = False
    shared: bool = False
    deadline: int | None = None
    priority: Priority = LIVE
    fused: bool = False
    status: TaskStatus = "pending"
    result: Any = None
    error: ErrorRecord | None = None
    attempts: int = 0
    """Runs of the op in this round that were begun, not receives of the message."""
    received: bool = False
    """True when its message was received and had to wait for the task before it."""
    begun: int = 0
    """Attempts of this round that began and of which neither an end nor an error is known."""
    claimed_by: str | None = None
    """The attempt that may run the op until `claimed_until`, in seconds since 1970."""
    claimed_until: int = 0
    round: int = 0
    queued_at: str
    started_at: str | None = None
    finished_at: str | None = None
    duration_ms: int | None = None
    cost_nano: int = 0
    """Cost of all runs of the task in nano-dollars, those of earlier rounds included."""
    last_error: str | None = None
    """The error of the last attempt that will be repeated. People see it when the task is given up."""
    transient_refusals: int = 0
    """Attempts of this round that ended in a transient refusal."""
    worker: str | None = None
    """The execution environment that ended the task."""
    publication: int = 0
    """How often its message was sent again because it seemed to be lost."""
    published_at: str | None = None
    """When it was sent again the last time."""
    published_for: str | None = None
    """`before` of the command that sent it again the last time."""
    trace_id: str = ""
    version: int = 1
    expire_at: int = 0

    @property
    def last_sign(self) -> str:
        """Return when the task was last queued, published again or started."""
        return max(self.queued_at, self.published_at or "", self.started_at or "")

    def is_silent(self, before: str) -> bool:
        """Return True when the task has not ended and gave no sign of life from this moment on."""
        return self.status not in ENDED and self.last_sign < before

    def is_unsent(self, before: str) -> bool:
        """Return True when an earlier delivery of the command of this moment may have counted it and not sent it."""
        is_open = self.status not in ENDED and self.last_sign == self.published_at
        return is_open and self.published_for == before

    @property
    def may_be_running(self) -> bool:
        """Return True while an attempt that was counted may still run the op."""
        return self.status not in ENDED and self.claimed_until > epoch()

    def has_newer_message(self, command: RunTask) -> bool:
        """Return True when another message was sent for the task after this one: this one is not needed any more."""
        return (self.round, self.publication) > (command.round, command.publication)

    @property
    def id(self) -> str:
        """Return the task's public id."""
        return task_id(self.job_id, self.index)

    def command(self) -> RunTask:
        """Return the message that has a worker run this task."""
        return RunTask(
            job_id=self.job_id,
            index=self.index,
            op=self.op,
            variant=self.variant,
            input=self.input,
            params=self.params,
            group=self.group,
            etag=self.etag,
            object_version=self.object_version,
            after=self.after,
            after_ended=self.after_ended,
            stop_group=self.stop_group,
            shared=self.shared,
            deadline=self.deadline,
            round=self.round,
            priority=self.priority,
            fused=self.fused,
            publication=self.publication,
            trace_id=self.trace_id,
        )


class JobRecord(msgspec.Struct, kw_only=True):
    """A job's record. Only the relay changes its counts, from the changes of its tasks."""

    id: str
    kind: JobKind
    name: str
    status: JobStatus = "pending"
    created_at: str
    updated_at: str
    source: str | None = None
    """Key of the object that started the job: a picture or a manifest."""
    recipe: str | None = None
    upload: str | None = None
    """Of a job that the API created: the ETag of the object that it is planned from."""
    asked: TaskSpec | None = None
    """The task for a picture that came inside a request; any other picture gets the variants of its recipe."""
    on_error: OnError = "continue"
    priority: Priority = LIVE
    planned: bool = False
    """True once the coordinator has written its tasks."""
    max_in_flight: int | None = None
    """The most of its tasks that may wait in lanes or run at a time; None: all."""
    held: str = ""
    """The open tasks whose messages may not be sent yet, as `in_flight.named` writes them."""
    sending: str = ""
    """The tasks that are not held any more, but whose messages the coordinator may not have sent yet."""
    total: int = 0
    completed: int = 0
    failed: int = 0
    skipped: int = 0
    errors: list[ErrorRecord] = []
    variants: dict[str, dict[str, Any]] = {}
    cost_nano: int = 0
    folded_to: str = ""
    """Sequence number of the last stream record that the counts include."""
    trace_id: str = ""
    version: int = 1
    expire_at: int = 0

    @property
    def ended(self) -> bool:
        """Return True when the job does not change any more, unless it is retried."""
        return self.status in ("completed", "failed", "cancelled")

    @property
    def has_open_tasks(self) -> bool:
        """Return True while a task of the job has not ended, or may still be planned; a cancelled job has such, too."""
        is_counted = self.planned and self.completed + self.failed + self.skipped >= self.total
        return self.status in OPEN or (self.status == "cancelled" and not is_counted)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one run of a task, as it is committed to the ledger."""

    status: Literal["completed", "failed", "skipped"]
    result: Any = None
    error: ErrorRecord | None = None
    attempts: int | None = None
    """None: as many as the ledger has."""
    started_at: str | None = None
    finished_at: str
    duration_ms: int | None = None
    cost_nano: int = 0
    """What is added to the task's cost."""
    worker: str | None = None


def stopped_by(task: TaskRecord | RunTask, error: ErrorRecord | None) -> str:
    """Return the sentence that says why the tasks behind a failed one in its group are skipped."""
    return f"The group '{task.group}' was stopped by its task {task.index}: {error and error.message}"


INTAKE = "intake"
"""The name under which the intake queue's dead letters are kept, where those of a lane have the op's name."""


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True, rename=STORED_NAMES):
    """A message that was received too often without success, with its unchanged body."""

    op: str
    id: str
    body: str
    reason: str
    at: str
    job_id: str | None = None
    index: int | None = None
    trace_id: str = ""

    @property
    def is_redrivable(self) -> bool:
        """Return False for a message that is no task: it has no job, so its lane has no use for it."""
        return self.op == INTAKE or self.job_id is not None


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A change of the system itself, which the subscribers of all jobs receive."""

    kind: SystemEventKind
    message: str
    """A sentence for people."""
    op: str | None = None
    host: str | None = None
    id: str = field(default_factory=lambda: token_hex(8))
    at: str = field(default_factory=now)


class AlreadyRunningError(Postponed):
    """Another attempt of the task may still run; the message must be delivered again after so many seconds."""

    def __init__(self, after_seconds: int) -> None:
        super().__init__(f"another attempt of the task may run for {after_seconds} s more", after_seconds)


class Ledger(Protocol):
    """Keeps jobs, tasks, dead letters and events."""

    def expect(self, job: JobRecord) -> None:
        """Write a pending job whose picture or manifest is not uploaded yet, unless an earlier call wrote it."""

    def claim(self, job_id: str, upload: str) -> bool:
        """Reserve a pending job for one upload; return False when it belongs to another one."""

    def plan(self, job: JobRecord, tasks: Sequence[TaskRecord], *, only_new: bool = False) -> bool:
        """Write a job with all its tasks.

        Return False when it is planned already, or when it was cancelled and `job` does not say so; with `only_new`,
        when it exists at all.
        """

    def commit(self, task: RunTask, outcome: Outcome) -> bool:
        """End a task; return False when it had ended before or is in another round."""

    def stopped(self, job_id: str, group: str) -> str | None:
        """Return why a group was stopped, or None when it was not."""

    def begin(self, task: RunTask, claim: str, seconds: int, *, again: bool) -> TaskRecord | None:
        """Count an attempt before it runs the op; return the task.

        Return None when it had ended before or is in another round. For so many seconds no other attempt may begin,
        unless the error of this one is recorded: raise `AlreadyRunningError`. `claim` is unique for each attempt, so
        that the call may be repeated. With `again`, the task gets `NO_ANSWER` as its last error if none is recorded.
        """

    def count_repeat(self, task: RunTask, cost_nano: int) -> None:
        """Count a run that ended when its task had ended already, and add its cost to the task's."""

    def mark_received(self, task: RunTask) -> None:
        """Keep that the task's message was received, although it cannot run before the task before it has ended."""

    def start(self, task: RunTask, attempts: int, started_at: str) -> bool:
        """Mark a task as running; return False when it had ended before or is in another round."""

    def record_error(
        self, task: RunTask, attempts: int | None, reason: str, *, transient: bool = False, cost_nano: int = 0
    ) -> None:
        """Store the error of an attempt that will be repeated, and add its cost to the task's.

        With `transient`, count it as a transient refusal.

        `attempts` is None when the attempt did not begin: the task then keeps its attempts, and another attempt that
        has begun may still run.
        """

    def job(self, job_id: str) -> JobRecord | None:
        """Return a job, or None."""

    def task(self, job_id: str, index: int) -> TaskRecord | None:
        """Return a task, or None."""

    def tasks(
        self, job_id: str, status: str | None, limit: int, cursor: str | None
    ) -> tuple[list[TaskRecord], str | None]:
        """Return a page of a job's tasks in order, and the cursor of the next page."""

    def jobs(
        self, limit: int, cursor: str | None, status: str | None = None, kind: str | None = None
    ) -> tuple[list[JobRecord], str | None]:
        """Return a page of jobs, newest first, and the cursor of the next page."""

    def cancel(self, job_id: str) -> JobRecord | None:
        """Mark a job as cancelled unless it has ended; return it, or None when there is no such job."""

    def resume(self, job_id: str) -> None:
        """Mark a cancelled or failed job as pending, because its tasks are about to start over."""

    def reopen(self, job_id: str, indices: Iterable[int] | None, *, waiting: bool = False) -> list[TaskRecord]:
        """Start failed and skipped tasks over, only those of `indices` if given; return the tasks that are now pending.

        With `waiting`, pending tasks start over too: outcomes of their earlier messages are then refused. One that may
        be running does not.
        """

    def all_tasks(self, job_id: str, status: str | None = None) -> Iterator[TaskRecord]:
        """Yield every task of a job in order, only those with this status if given."""

    def tasks_at(self, job_id: str, indices: Iterable[int]) -> list[TaskRecord]:
        """Return those of these tasks that exist, in order."""

    def set_sending(self, job: JobRecord) -> JobRecord | None:
        """Write `held` and `sending` of a job; return the job as it is now.

        Return None when another writer changed the job since it was read.
        """

    def unfinished(self, limit: int, after: tuple[str, str] | None = None) -> list[str]:
        """Return the ids of jobs that have open tasks, oldest first, from the one after `(created_at, id)` on."""

    def last_tasks(self, job_id: str, limit: int) -> list[TaskRecord]:
        """Return the last tasks of a job, the last one first."""

    def republish(self, job_id: str, indices: Iterable[int], before: str) -> Iterable[TaskRecord]:
        """Yield, in order, those of these tasks that are silent since `before`, each with its next publication.

        When it is repeated, because what it yielded was not sent, it yields them again with the same publication.
        """

    def sweeper_state(self) -> SweeperState:
        """Return what the sweeper kept."""

    def keep_sweeper_state(self, state: SweeperState) -> None:
        """Keep what the sweeper needs in its next run."""

    def take_next(self, job_id: str) -> int:
        """Return how often this was called before for the job: each caller gets the index of another task."""

    def cancelled(self, job_ids: Iterable[str]) -> frozenset[str]:
        """Return those of these jobs that are cancelled: workers skip their tasks."""

    def put_dead_letter(self, dead_letter: DeadLetter) -> None:
        """Store a dead letter."""

    def dead_letters(self, op: str) -> list[DeadLetter]:
        """Return the op's dead letters that were not redriven since."""

    def redrivable(self, op: str, most: int) -> list[DeadLetter]:
        """Return at most so many of the op's dead letters that can be redriven, without reading the others."""

    def delete_dead_letter(self, dead_letter: DeadLetter) -> None:
        """Delete a dead letter, because its message was sent again or is not needed."""

    def record_event(self, event: Event) -> None:
        """Store an event; the relay sends it to the subscribers of all jobs."""

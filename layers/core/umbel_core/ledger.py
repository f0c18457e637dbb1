"""The ledger's words: jobs, tasks, and the three writes that move them. States only move forward."""

from collections.abc import Iterable, Iterator, Sequence
from secrets import token_hex
from typing import Any, Literal, Protocol

import msgspec
from msgspec import field

from umbel_core.clock import now
from umbel_core.contract.records import JobKind, JobStatus, SystemEventKind, TaskStatus
from umbel_core.contract.requests import OnError, TaskSpec
from umbel_core.errors import Rejected
from umbel_core.ids import task_id
from umbel_core.messages import STORED_NAMES, RunTask

ENDED: tuple[TaskStatus, ...] = ("completed", "failed", "skipped")
OPEN: tuple[JobStatus, ...] = ("pending", "running")
KEPT_ERRORS = 100
"""A job lists at most this many faults; its tasks have them all."""
KEPT_SENTENCE = 300
"""Bytes that a job keeps of a fault's sentence, so that it fits into one message; the task has it whole."""
_LONGEST_SENTENCE = 4000
"""Bytes of a refusal that are kept: it may quote what was refused, and a record has at most 400 kB."""


class ErrorRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why something failed: a code for programs, a sentence for people."""

    code: str
    message: str
    task: str | None = None
    variant: str | None = None
    group: str | None = None
    path: str | None = None
    """JSON Pointer to the part of the request that is wrong."""

    @classmethod
    def of(cls, rejected: Rejected) -> "ErrorRecord":
        """The record of a refusal."""
        return cls(rejected.code, _cut(rejected.sentence, _LONGEST_SENTENCE), path=rejected.pointer or None)

    @classmethod
    def of_task(cls, task: "Task") -> "ErrorRecord":
        """What a job keeps of a failed task."""
        assert task.error
        sentence = _cut(task.error.message, KEPT_SENTENCE)
        return cls(task.error.code, sentence, task=task.id, variant=task.variant, group=task.group)


def _cut(text: str, most: int) -> str:
    """As much of a text as these bytes hold."""
    return text.encode()[:most].decode(errors="ignore")


class Task(msgspec.Struct, kw_only=True, rename=STORED_NAMES):
    """One task's record, under the key (job, index)."""

    job_id: str
    index: int
    op: str
    variant: str
    input: Any
    params: dict[str, Any] = {}
    group: str | None = None
    visit_time: str | None = None
    """Of a batch: as its visit gave it."""
    etag: str | None = None
    after: int | None = None
    stop_group: bool = False
    status: TaskStatus = "pending"
    result: Any = None
    error: ErrorRecord | None = None
    attempts: int = 0
    round: int = 0
    queued_at: str
    started_at: str | None = None
    finished_at: str | None = None
    duration_ms: int | None = None
    cost_nano: int = 0
    """Nano-dollars that the task's run cost."""
    last_error: str | None = None
    """What our side said when it last failed; public once the task is given up."""
    transient_refusals: int = 0
    """Refusals of this round that may pass by themselves; `attempts` are receives, also of what was handed back."""
    worker: str | None = None
    """The execution environment that ended it."""
    version: int = 1
    expire_at: int = 0

    @property
    def id(self) -> str:
        """The task's public id."""
        return task_id(self.job_id, self.index)

    def command(self) -> RunTask:
        """The message that has this task done."""
        return RunTask(
            job_id=self.job_id,
            index=self.index,
            op=self.op,
            variant=self.variant,
            input=self.input,
            params=self.params,
            group=self.group,
            etag=self.etag,
            after=self.after,
            stop_group=self.stop_group,
            round=self.round,
        )


class Job(msgspec.Struct, kw_only=True):
    """One job's record. Its counts are folded from its tasks by the relay alone."""

    id: str
    kind: JobKind
    name: str
    status: JobStatus = "pending"
    created_at: str
    updated_at: str
    source: str | None = None
    """Key of the picture or the manifest that started it."""
    recipe: str | None = None
    asked: TaskSpec | None = None
    """What is to be done with a picture that came inside a request; other pictures get what their recipe says."""
    on_error: OnError = "continue"
    planned: bool = False
    """True once the coordinator has written its tasks."""
    total: int = 0
    completed: int = 0
    failed: int = 0
    skipped: int = 0
    errors: list[ErrorRecord] = []
    variants: dict[str, dict[str, Any]] = {}
    cost_nano: int = 0
    folded_to: str = ""
    """Sequence number of the last stream record that is in the counts."""
    version: int = 1
    expire_at: int = 0

    @property
    def ended(self) -> bool:
        """True when nothing more will happen to the job by itself."""
        return self.status in ("completed", "failed", "cancelled")


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one run of a task: the single commit point's content."""

    status: Literal["completed", "failed", "skipped"]
    result: Any = None
    error: ErrorRecord | None = None
    attempts: int = 1
    started_at: str | None = None
    finished_at: str
    duration_ms: int | None = None
    cost_nano: int = 0
    worker: str | None = None


def stopped_by(task: Task | RunTask, error: ErrorRecord | None) -> str:
    """Why the rest of a failed task's group is skipped."""
    return f"The group '{task.group}' was stopped by its task {task.index}: {error and error.message}"


INTAKE = "intake"
"""Under this name dead letters of the intake queue are kept, beside those of the ops."""


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True, rename=STORED_NAMES):
    """A message that was given up, kept as it came."""

    op: str
    id: str
    body: str
    reason: str
    at: str
    job_id: str | None = None
    index: int | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened to the system, told to whoever listens to everything."""

    kind: SystemEventKind
    message: str
    """A sentence for people."""
    op: str | None = None
    host: str | None = None
    id: str = field(default_factory=lambda: token_hex(8))
    at: str = field(default_factory=now)


class Ledger(Protocol):
    """The record of jobs and tasks."""

    def expect(self, job: Job) -> None:
        """Write a job that a request announced, before its picture or manifest is there."""

    def plan(self, job: Job, tasks: Sequence[Task]) -> bool:
        """Write a job with all its tasks; False when that was done, or it was cancelled and `job` does not say so."""

    def commit(self, task: RunTask, outcome: Outcome) -> bool:
        """End a task; False when it had ended before, or in another round."""

    def stopped(self, job_id: str, group: str) -> str | None:
        """Why a group was stopped, or None while it goes on."""

    def start(self, task: RunTask, attempts: int, started_at: str) -> bool:
        """Say that a task is being worked on; False when it had ended."""

    def record_error(self, task: RunTask, attempts: int, reason: str, *, transient: bool = False) -> None:
        """Remember why a run failed that will be tried again; count it, when it may pass by itself."""

    def job(self, job_id: str) -> Job | None:
        """One job, or None."""

    def task(self, job_id: str, index: int) -> Task | None:
        """One task, or None."""

    def tasks(self, job_id: str, status: str | None, limit: int, cursor: str | None) -> tuple[list[Task], str | None]:
        """A page of a job's tasks in order, and the cursor of the next."""

    def jobs(
        self, limit: int, cursor: str | None, status: str | None = None, kind: str | None = None
    ) -> tuple[list[Job], str | None]:
        """A page of jobs, newest first, and the cursor of the next."""

    def cancel(self, job_id: str) -> Job | None:
        """Mark a job cancelled unless it has ended; None when there is no such job."""

    def resume(self, job_id: str) -> None:
        """Mark a cancelled or failed job pending, because what is left of it is about to start over."""

    def reopen(self, job_id: str, indices: Iterable[int] | None, *, waiting: bool = False) -> list[Task]:
        """Start over what failed or was skipped (of `indices`, when given); the tasks that are now pending.

        With `waiting`, what waits starts over too: its old message counts no more, whatever a worker makes of it.
        """

    def all_tasks(self, job_id: str, status: str | None = None) -> Iterator[Task]:
        """Every task of a job, in order."""

    def unfinished(self, limit: int) -> list[str]:
        """Ids of jobs that have not ended, the oldest first."""

    def last_tasks(self, job_id: str, limit: int) -> list[Task]:
        """The last tasks of a job, the last one first."""

    def cancelled(self) -> frozenset[str]:
        """Ids of the jobs that were cancelled lately, for workers to skip."""

    def put_dead_letter(self, letter: DeadLetter) -> None:
        """Keep a message that was given up."""

    def dead_letters(self, op: str) -> list[DeadLetter]:
        """The op's messages that were given up and not redriven since."""

    def delete_dead_letter(self, letter: DeadLetter) -> None:
        """Forget a dead letter: it is on its way again."""

    def record_event(self, event: Event) -> None:
        """Have an event told to whoever listens to everything."""

"""Jobs, tasks and what belongs to them, as the API and the sockets show them."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from umbel_core.contract.requests import JobKind
from umbel_core.contract.warnings import ResultWarning

JobStatus = Literal["pending", "running", "completed", "failed", "cancelled"]
TaskStatus = Literal["pending", "running", "completed", "failed", "skipped"]
CircuitState = Literal["closed", "open", "half_open"]
ENDED_JOB: tuple[JobStatus, ...] = ("completed", "failed", "cancelled")
ENDED_TASK: tuple[TaskStatus, ...] = ("completed", "failed", "skipped")

JobId = Annotated[str, Meta(pattern="^j[0-9a-f]{20}$", description="Id of a job")]
Moment = Annotated[str, Meta(description="UTC, ISO 8601, milliseconds", examples=["2026-01-31T12:00:00.123Z"])]
Milliseconds = Annotated[float, Meta(ge=0, description="Milliseconds")]
Version = Annotated[int, Meta(ge=0, description="Grows with every change; a record with a lower version is older")]


class Error(msgspec.Struct, frozen=True, kw_only=True):
    """Why something was refused or failed: a code for programs and a sentence for people."""

    code: str
    message: str
    path: (
        Annotated[str, Meta(description="JSON Pointer to the part of the request that is wrong; absent for the whole")]
        | UnsetType
    ) = UNSET


class JobError(Error, frozen=True, kw_only=True):
    """Why one task of a job, or the job as a whole, failed."""

    task: Annotated[str, Meta(description="Id of the task")] | UnsetType = UNSET
    variant: str | UnsetType = UNSET
    group: str | UnsetType = UNSET
    store_id: Annotated[str, Meta(description="Of a batch: the store that was stopped")] | UnsetType = UNSET
    error: Annotated[str, Meta(description="Of a batch: the same sentence as in `message`")] | UnsetType = UNSET


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many tasks a job has, and how many of them ended in which way."""

    total: Annotated[int, Meta(ge=0, description="0 until the job is planned")] = 0
    completed: Annotated[int, Meta(ge=0)] = 0
    failed: Annotated[int, Meta(ge=0)] = 0
    skipped: Annotated[int, Meta(ge=0, description="Not run: the job was cancelled, or its group was stopped")] = 0

    @property
    def ended(self) -> int:
        """How many tasks have ended in any way."""
        return self.completed + self.failed + self.skipped


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """One result of a job with few tasks. The fields of a file are set when it is made."""

    op: str = ""
    status: TaskStatus = "pending"
    version: Version = 0
    duration_ms: Milliseconds | UnsetType = UNSET
    key: Annotated[str, Meta(description="Key in the results bucket")] | UnsetType = UNSET
    format: str | UnsetType = UNSET
    content_type: str | UnsetType = UNSET
    width: Annotated[int, Meta(ge=1, description="Pixels")] | UnsetType = UNSET
    height: Annotated[int, Meta(ge=1, description="Pixels")] | UnsetType = UNSET
    bytes: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    frames: Annotated[int, Meta(ge=1, description="1 of a picture that does not move")] | UnsetType = UNSET
    frames_dropped: (
        Annotated[int, Meta(ge=1, description="Frames of the input that are not in the result; absent when all are")]
        | UnsetType
    ) = UNSET
    warnings: list[ResultWarning] = []
    url: (
        Annotated[str, Meta(description="Opens the file for an hour, or until its signer's session ends")] | UnsetType
    ) = UNSET
    error: Error | UnsetType = UNSET


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """The tasks of one request."""

    id: JobId
    kind: JobKind
    name: str
    status: JobStatus = "pending"
    counts: Counts = Counts()
    created_at: Moment
    updated_at: Moment
    recipe: Annotated[str, Meta(description="Of an upload: its recipe")] | None = None
    source: Annotated[str, Meta(description="Key of the object that started the job")] | None = None
    width: Annotated[int, Meta(description="As requested with one picture, in pixels")] | UnsetType = UNSET
    height: Annotated[int, Meta(description="As requested with one picture, in pixels")] | UnsetType = UNSET
    max_in_flight: Annotated[int, Meta(description="The most of its tasks that wait in lanes or run")] | UnsetType = (
        UNSET
    )
    priority: Annotated[Literal["bulk"], Meta(description="Its tasks wait for those of live jobs")] | UnsetType = UNSET
    errors: list[JobError] = []
    cost_usd: Annotated[float, Meta(ge=0, description="Estimated price of the job so far on AWS, in US dollars")] = 0.0
    version: Version = 0
    variants: (
        Annotated[
            dict[str, Variant],
            Meta(description="Results of a job with at most `kept_variants` tasks; absent in socket messages"),
        ]
        | UnsetType
    ) = UNSET

    @property
    def ended(self) -> bool:
        """True when nothing more will happen to the job by itself."""
        return self.status in ENDED_JOB


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One op on one input."""

    id: Annotated[str, Meta(description="`<job id>.<index>`")]
    job_id: JobId
    op: str
    variant: Annotated[str, Meta(description="Name of the result in its job")]
    input: Annotated[Any, Meta(description="What the op takes; a picture is named by its key or URL")]
    params: dict[str, Any] = {}
    group: Annotated[str, Meta(description="Tasks of one group of an ordered op run one after another")] | None = None
    visit_time: Annotated[str, Meta(description="Of a batch: as its visit gave it")] | UnsetType = UNSET
    status: TaskStatus = "pending"
    result: Annotated[Any, Meta(description="What the op returned; a file has `key`, `url` and its size")] = None
    error: Error | None = None
    attempts: Annotated[int, Meta(ge=0, description="Runs of the op that were begun, in this round")] = 0
    retrying: (
        Annotated[
            str,
            Meta(
                description="Why the task is tried again: the error of its last try, or that its worker gave no "
                "answer; absent once it has ended"
            ),
        ]
        | UnsetType
    ) = UNSET
    queued_at: Moment
    started_at: Moment | None = None
    finished_at: Moment | None = None
    duration_ms: Milliseconds | None = None
    worker: Annotated[str, Meta(description="The execution environment that ended it")] | None = None
    version: Version = 0

    @property
    def ended(self) -> bool:
        """True when the task will not run again by itself."""
        return self.status in ENDED_TASK


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a crawl's task: one for each URL. A page that was not fetched has status 0 and an `error`."""

    url: Annotated[str, Meta(description="Where redirects ended, or as requested when the page was not fetched")]
    status: Annotated[int, Meta(description="HTTP status")] = 0
    title: str | None = None
    bytes: Annotated[int, Meta(ge=0, description="Of the body that was read, decompressed")] = 0
    took_ms: Milliseconds = 0
    error: Annotated[str, Meta(description="A code of an error: `dead_host`, `timed_out`, `cancelled`")] | None = None

    @classmethod
    def of(cls, task: Task) -> "Page":
        """Return the page of a crawl's ended task."""
        if task.status == "completed":
            return msgspec.convert(task.result, cls)
        return cls(url=str(task.input), error=task.error.code if task.error else task.status)


class SingleTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task that was sent by itself, with `POST /tasks`."""

    id: str
    type: Annotated[str, Meta(description="The op")]
    payload: Annotated[Any, Meta(description="The op's input")]
    result: Any = None
    status: TaskStatus
    timestamp_created: Moment
    timestamp_completed: Moment | None = None
    error: Error | UnsetType = UNSET


SystemEventKind = Literal[
    "op_deployed", "op_removed", "scaled", "paused", "resumed", "circuit_opened", "circuit_closed", "dead_letter"
]


class SystemEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to the deployment."""

    id: str
    at: Moment
    kind: SystemEventKind
    message: Annotated[str, Meta(description="A sentence for people")]
    op: str | UnsetType = UNSET
    host: str | UnsetType = UNSET


class Circuit(msgspec.Struct, frozen=True, kw_only=True):
    """A host that failed several times in a row and is not asked for a while."""

    state: CircuitState
    failures: Annotated[int, Meta(ge=0, description="In a row")]
    open_seconds: Annotated[int, Meta(ge=0, description="Until a probe is sent")]

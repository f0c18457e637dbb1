"""Bodies of the API's answers that are not records by themselves."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from umbel_core.contract.records import Circuit, CircuitState, Error, Job, JobId, JobStatus, Moment, Task
from umbel_core.op import Compute

OpStatus = Literal["ready", "paused", "degraded"]
Cursor = Annotated[str, Meta(description="Ask with `?cursor=` for the next page; null on the last one")]


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """The answer with every status from 400 up."""

    error: Error


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """A job that was accepted or changed."""

    job_id: JobId
    status: JobStatus


class TaskAccepted(msgspec.Struct, frozen=True, kw_only=True):
    """A single task that was accepted; the id is its job's id too."""

    id: JobId


class UploadTicket(msgspec.Struct, frozen=True, kw_only=True):
    """A presigned POST: send `fields`, then the file as `file`, to `url` within an hour.

    On AWS it ends earlier with the credentials of the function that signed it; then ask for a new one.
    """

    job_id: JobId
    url: str
    fields: dict[str, str]


class JobPage(msgspec.Struct, frozen=True, kw_only=True):
    """Jobs, newest first."""

    jobs: list[Job]
    cursor: Cursor | None = None


class TaskPage(msgspec.Struct, frozen=True, kw_only=True):
    """A job's tasks, in the order of its request."""

    tasks: list[Task]
    cursor: Cursor | None = None


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """What the token may do: a viewer reads, an operator also changes."""

    role: Literal["viewer", "operator"]


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Whether every deployed op can work."""

    status: Literal["ok", "degraded"]
    ops: dict[str, OpStatus]
    circuits: Annotated[dict[str, CircuitState], Meta(description="Hosts, as host:port, that are not asked now")] = {}


class Op(msgspec.Struct, frozen=True, kw_only=True):
    """A deployed op: its declaration, and its lane as it is now."""

    name: str
    summary: str
    takes: Annotated[str, Meta(description="The type of its input")]
    carrier: Annotated[
        Literal["value", "url", "file"],
        Meta(description="`file`: the input names a file, by its key in the uploads bucket or by its URL"),
    ]
    media_types: Annotated[list[str], Meta(description="Of a file: the types that it may have")] = []
    returns: Annotated[str, Meta(description="`picture` goes to the results bucket, `value` into the task's record")]
    input: Annotated[
        dict[str, Any],
        Meta(
            description="JSON Schema of the input",
            extra_json_schema={
                "properties": {
                    "title": {"type": "string", "description": "What forms call the input"},
                    "type": {"type": "string"},
                },
                "required": ["title"],
                "additionalProperties": True,
            },
        ),
    ]
    params: Annotated[dict[str, Any], Meta(description="JSON Schema of the parameters")]
    compute: Annotated[Compute, Meta(description="As the op's file declares it")]
    concurrency: Annotated[int, Meta(ge=0, description="How many may run at a time, now")]
    state: OpStatus
    last_success_at: Moment | None = None


class OpList(msgspec.Struct, frozen=True, kw_only=True):
    """All deployed ops, by name."""

    ops: list[Op]


class LaneSetting(msgspec.Struct, frozen=True, kw_only=True):
    """How an op's lane is set from now on."""

    op: str
    concurrency: int
    state: OpStatus


class Redriven(msgspec.Struct, frozen=True, kw_only=True):
    """How many dead letters of an op were started over."""

    op: str
    redriven: int


class StatsTotals(msgspec.Struct, kw_only=True):
    """Statistics of one op, or of all together. Times are of the last hour."""

    pending: int = 0
    running: Annotated[int, Meta(description="Tasks that have run for a second or more")] = 0
    completed: int = 0
    failed: int = 0
    skipped: int = 0
    in_flight: Annotated[int, Meta(description="Messages that are with a worker")] = 0
    queue_depth: Annotated[int, Meta(description="Messages that wait")] = 0
    oldest_age_seconds: Annotated[float, Meta(description="Age of the longest waiting task")] | None = None
    average_ms: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    executions_per_task: (
        Annotated[float, Meta(description="Runs of the op for each task that ran; 1 when nothing ran twice")] | None
    ) = None
    throughput_per_minute: Annotated[float, Meta(description="Tasks that ended in the last sixty seconds")] = 0.0
    active_workers: Annotated[
        int, Meta(description="Execution environments that ended a task within the last minute")
    ] = 0


class StatsWorker(msgspec.Struct, frozen=True):
    """An execution environment and what it did within the last hour."""

    id: str
    tasks: int
    average_ms: float


class StatsOfOp(StatsTotals, kw_only=True):
    """Statistics of one op."""

    state: OpStatus
    concurrency: int
    last_success_at: Moment | None = None
    workers: Annotated[list[StatsWorker], Meta(description="The busiest of the last minute")] = []


class Stats(msgspec.Struct, frozen=True):
    """Statistics of the deployment at one moment."""

    at: Moment
    totals: StatsTotals
    ops: dict[str, StatsOfOp]
    circuits: Annotated[dict[str, Circuit], Meta(description="Hosts, as host:port, that are not asked now")]


class PublishedLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits and prefixes that a client needs before it sends something."""

    max_upload_bytes: int
    max_pixels: int
    max_tasks: int
    max_request_bytes: Annotated[int, Meta(description="Largest body of a request")]
    max_inline_picture_bytes: Annotated[int, Meta(description="Largest picture that fits into a request, as base64")]
    max_streamed_bytes: Annotated[int, Meta(description="Largest file that `?redirect=0` answers with")]
    kept_variants: Annotated[int, Meta(description="A job of at most so many tasks carries `variants`")]
    max_url_length: Annotated[int, Meta(description="Characters of a URL")]
    max_store_id_length: Annotated[int, Meta(description="Characters of a batch's `store_id`")]
    max_crawl_workers: Annotated[int, Meta(description="Largest `workers` of a crawl")]
    uploads_prefix: Annotated[str, Meta(description="Objects below it start their recipe")]
    jobs_prefix: Annotated[str, Meta(description="Objects below it start a job")]
    inputs_prefix: Annotated[str, Meta(description="Objects below it start nothing; a task may name one")]


class PageConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`config.json` beside the page: where the API is, and what it takes."""

    api: str
    socket: str
    uploads_bucket: str
    recipes: Annotated[dict[str, list[str]], Meta(description="Recipe -> its variants")]
    formats: Annotated[list[str], Meta(description="Media types that an upload may have")]
    limits: PublishedLimits

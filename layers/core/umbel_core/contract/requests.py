"""Bodies of requests. Unknown fields are refused, so that a misspelt one is not ignored."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from umbel_core.encoding import Format
from umbel_core.lane_settings import Concurrency

JobKind = Literal["upload", "image", "manifest", "batch", "crawl", "task"]
"""Kinds of job. All but `upload` have a body, whose form is in `submission.BODIES`."""
CrawlPolicy = Literal["round_robin", "host", "sticky", "idle"]
DeadlineSeconds = Annotated[
    int, Meta(ge=1, le=1_209_600, description="Tasks that have not started by then are skipped; at most 14 days")
]
OnError = Literal["continue", "stop_group"]
Priority = Literal["live", "bulk"]
AskedPriority = Annotated[
    Priority,
    Meta(description="`bulk`: the tasks wait for those of live jobs; without it, jobs with many tasks are bulk"),
]
MOST_IN_FLIGHT = 10_000
MaxInFlight = Annotated[
    int,
    Meta(
        ge=1,
        le=MOST_IN_FLIGHT,
        description="At most so many of the job's tasks wait in lanes or run; the others are held",
    ),
]
MAX_GROUP_LENGTH = 128
"""Of a group's name, and of a store's id."""
MAX_WORKERS = 64
"""Of one crawl."""
Group = Annotated[str, Meta(min_length=1, max_length=MAX_GROUP_LENGTH)]


class TaskSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One task of a manifest."""

    op: Annotated[str, Meta(description="One of `GET /ops`")]
    input: Annotated[Any, Meta(description="What the op takes; a picture is named by its key or URL")]
    params: Annotated[dict[str, Any], Meta(description="The op's parameters, as `GET /ops` describes them")] = {}
    group: Group | None = None


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A job as a list of tasks."""

    tasks: Annotated[list[TaskSpec], Meta(min_length=1)]
    name: Annotated[str, Meta(max_length=200)] | None = None
    on_error: Annotated[
        OnError, Meta(description="`stop_group`: the tasks behind a failed one in its group are skipped")
    ] = "continue"
    deadline_seconds: DeadlineSeconds | None = None
    priority: AskedPriority | None = None
    max_in_flight: MaxInFlight | None = None


class ImageRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """One op on one picture that comes inside the request."""

    image_data: Annotated[str, Meta(description="The picture's file in base64, or as a data URL")]
    operation: Annotated[str, Meta(description="An op that takes a picture")]
    width: Annotated[int, Meta(description="The op's parameter `width`, in pixels")] | None = None
    height: Annotated[int, Meta(description="The op's parameter `height`, in pixels")] | None = None
    output_format: Annotated[Format, Meta(description="The op's parameter `format`")] | None = None
    params: Annotated[dict[str, Any], Meta(description="Any other of the op's parameters")] = {}
    priority: AskedPriority | None = None


class TaskRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """One op on something that travels inside the request: text, numbers, a pause."""

    type: Annotated[str, Meta(description="An op that does not take a picture")]
    payload: Annotated[Any, Meta(description='The op\'s input, or that as JSON text: `"2"`, `"[1, 2, 3]"`')]
    priority: AskedPriority | None = None


class Visit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One visit to a store, with the images to be measured in this order."""

    store_id: Group
    image_url: Annotated[list[str], Meta(min_length=1)]
    visit_time: Annotated[str, Meta(description="Given back with each result")] | None = None


class BatchRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Images by store: in order within a store, stores side by side; a failure stops its own store."""

    count: Annotated[int, Meta(description="How many visits there are; checked against them")]
    visits: Annotated[list[Visit], Meta(min_length=1)]
    gpu_seconds: Annotated[float, Meta(description="The measuring op's parameter of that name")] = 0
    max_in_flight: MaxInFlight | None = None


class HostLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """How a crawl treats each host."""

    width: Annotated[int, Meta(ge=1, le=64, description="Pages of a host at a time; without it, `workers`")] | None = (
        None
    )
    delay_seconds: Annotated[float, Meta(ge=0, le=60, description="Pause between two requests to a host")] = 0


class CrawlRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Pages to fetch, at most `workers` at a time."""

    urls: Annotated[list[str], Meta(min_length=1)]
    workers: Annotated[int, Meta(ge=1, le=MAX_WORKERS)] = 4
    policy: Annotated[
        CrawlPolicy,
        Meta(
            description="To which worker a page goes: to each in turn; `host`: the pages of a host to one worker; "
            "`sticky`: the same, and to the same worker in every crawl; `idle`: to the first that is free"
        ),
    ] = "round_robin"
    obey_robots: Annotated[bool, Meta(description="Fetch only what `robots.txt` of the host allows")] = True
    per_host: HostLimits = HostLimits()
    deadline_seconds: DeadlineSeconds | None = None
    max_in_flight: MaxInFlight | None = None


class UploadRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask for a presigned POST for one picture's file."""

    filename: Annotated[str, Meta(min_length=1, max_length=1024)]
    size: Annotated[int, Meta(ge=0, description="Bytes")]
    content_type: Annotated[str, Meta(description="`image/jpeg`; absent or empty when it is not known")] = ""
    recipe: Annotated[str, Meta(description="The default recipe when absent")] | None = None


class ScaleRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many of an op may run at a time."""

    concurrency: Annotated[Concurrency, Meta(description="0 pauses the op; its messages wait")]

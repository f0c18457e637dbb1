"""Bodies that start a job, one parser for every way in: the API, the CLI and `jobs/<name>.json` in S3."""

import base64
import binascii
from codecs import BOM_UTF8
from collections import defaultdict
from collections.abc import Collection, Iterable
from itertools import chain, zip_longest
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec

from umbel_core.catalogue import Catalogue
from umbel_core.errors import Rejected
from umbel_core.input_types import is_url
from umbel_core.ledger import Kind, Task
from umbel_core.messages import Group, Manifest, OnError, TaskSpec
from umbel_core.op import Bounds
from umbel_core.settings import Limits, megabytes
from umbel_core.validation import convert

_NAME = 200
_FORMS: dict[Kind, str] = {
    "manifest": "'tasks'",
    "task": "'type' and 'payload'",
    "image": "'image_data' and 'operation'",
    "batch": "'count' and 'visits'",
    "crawl": "'urls'",
}
_TASK_BYTES = 32_000
"""What a task's input and params may take as JSON: they travel in messages and are kept in its record."""


class ImageRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One op on one picture that comes inside the request."""

    image_data: str
    operation: str
    width: int | None = None
    height: int | None = None
    output_format: Literal["jpeg", "png", "webp"] | None = None
    params: dict[str, Any] = {}


class TaskRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One op on something that travels inside the request: text, numbers, a pause."""

    type: str
    payload: Any


class Visit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One visit to a store: its images, to be measured in this order."""

    store_id: Group
    image_url: Annotated[list[str], Bounds(min_length=1)]
    visit_time: str | None = None


class BatchRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Images by store: within a store in order, stores side by side; a failure stops its own store."""

    count: int
    visits: Annotated[list[Visit], Bounds(min_length=1)]
    gpu_seconds: float = 0


class CrawlRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Pages to fetch, at most `workers` at a time."""

    urls: Annotated[list[str], Bounds(min_length=1)]
    workers: Annotated[int, Bounds(ge=1, le=64)] = 4
    policy: Literal["round_robin", "host"] = "round_robin"


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """A job as it was asked for, whatever the body's form was."""

    kind: Kind
    name: str | None
    specs: list[TaskSpec]
    on_error: OnError = "continue"
    picture: bytes | None = None
    """A picture that came inside; the first spec's input is to become its key."""


def read_submission(body: bytes, catalogue: Catalogue, limits: Limits, kind: Kind | None = None) -> Submission:
    """Parse and check a body; `Rejected` names the place in the document and the rule.

    Which form it has is told by its fields, unless the caller takes one `kind` alone.
    """
    try:
        document = msgspec.json.decode(body.removeprefix(BOM_UTF8))
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Rejected("invalid_json", f"$: not JSON: {error}") from error
    if not isinstance(document, dict):
        forms = [_FORMS[kind]] if kind else _FORMS.values()
        raise Rejected("invalid_manifest", f"$: expected an object with {', or with '.join(forms)}")
    match kind or _kind(document):
        case "task":
            return _task(convert(document, TaskRequest, "invalid_manifest"), catalogue)
        case "image":
            return _image(convert(document, ImageRequest, "invalid_manifest"), catalogue, limits)
        case "batch":
            return _batch(convert(document, BatchRequest, "invalid_manifest"), catalogue, limits)
        case "crawl":
            return _crawl(convert(document, CrawlRequest, "invalid_manifest"), catalogue, limits)
        case _:
            return _manifest(convert(document, Manifest, "invalid_manifest"), catalogue, limits)


def _kind(document: dict[str, Any]) -> Kind:
    marks: dict[str, Kind] = {
        "type": "task",
        "payload": "task",
        "image_data": "image",
        "visits": "batch",
        "urls": "crawl",
    }
    return next((kind for mark, kind in marks.items() if mark in document), "manifest")


def _manifest(manifest: Manifest, catalogue: Catalogue, limits: Limits) -> Submission:
    _check_count(len(manifest.tasks), limits, "$.tasks")
    ops_of_groups: dict[str, str] = {}
    for place, spec in enumerate(manifest.tasks):
        path = f"$.tasks[{place}]"
        catalogue.check(spec.op, spec.input, spec.params, path)
        _check_size(spec, path)
        if spec.group is not None and ops_of_groups.setdefault(spec.group, spec.op) != spec.op:
            first = ops_of_groups[spec.group]
            raise Rejected("mixed_group", f"{path}.group: '{spec.group}' has op '{first}' already; one group, one op")
    return Submission(
        kind="manifest",
        name=manifest.name,
        specs=manifest.tasks,
        on_error=manifest.on_error,
    )


def _task(request: TaskRequest, catalogue: Catalogue) -> Submission:
    types = [name for name, card in catalogue.items() if card.carrier != "file"]
    if request.type not in types:
        raise Rejected("unknown_type", f"$.type: there is no type '{request.type}'; the types are {', '.join(types)}")
    try:
        catalogue.check(request.type, request.payload, {}, "$")
    except Rejected as error:
        raise Rejected("invalid_payload", error.sentence.replace("$.input", "$.payload", 1)) from error
    spec = TaskSpec(op=request.type, input=request.payload)
    _check_size(spec, "$.payload")
    return Submission(kind="task", name=request.type, specs=[spec])


def _image(request: ImageRequest, catalogue: Catalogue, limits: Limits) -> Submission:
    encoded = request.image_data
    if encoded.startswith("data:"):
        encoded = encoded.partition(",")[2]
    try:
        picture = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Rejected("invalid_image_data", f"$.image_data: not base64: {error}") from error
    if not picture:
        raise Rejected("empty_file", "$.image_data: there is nothing in it")
    if len(picture) > limits.max_upload_bytes:
        most = megabytes(limits.max_upload_bytes)
        raise Rejected("too_large", f"$.image_data: {megabytes(len(picture))}; at most {most} are taken")
    ops = [name for name, card in catalogue.items() if card.carrier == "file"]
    if request.operation not in ops:
        raise Rejected(
            "unknown_op",
            f"$.operation: there is no op '{request.operation}' that takes a picture; those that do are "
            f"{', '.join(ops)}",
        )
    named = {"width": request.width, "height": request.height, "format": request.output_format}
    params = {**{name: value for name, value in named.items() if value is not None}, **request.params}
    catalogue.check_params(request.operation, params, "$.params" if request.params else "$")
    spec = TaskSpec(op=request.operation, input="", params=params)
    _check_size(spec, "$.params")
    return Submission(kind="image", name=request.operation, specs=[spec], picture=picture)


def _batch(request: BatchRequest, catalogue: Catalogue, limits: Limits) -> Submission:
    """Images are dealt store by store in turn, so that a lane's first messages are of many stores."""
    if request.count != len(request.visits):
        raise Rejected("count_mismatch", f"$.count: {request.count}, but $.visits has {len(request.visits)}")
    _check_count(sum(len(visit.image_url) for visit in request.visits), limits, "$.visits")
    op = catalogue.serving("batch")
    params = {"gpu_seconds": request.gpu_seconds} if request.gpu_seconds else {}
    catalogue.check_params(op, params, "$")
    stores: dict[str, list[TaskSpec]] = defaultdict(list)
    for place, visit in enumerate(request.visits):
        for at, url in enumerate(visit.image_url):
            path = f"$.visits[{place}].image_url[{at}]"
            _check_address(catalogue, op, url, path)
            stores[visit.store_id].append(TaskSpec(op=op, input=url, params=params, group=visit.store_id))
    name = f"{len(stores)} stores" if len(stores) > 1 else f"store {request.visits[0].store_id}"
    return Submission(kind="batch", name=name, specs=_in_turn(stores.values()), on_error="stop_group")


def _crawl(request: CrawlRequest, catalogue: Catalogue, limits: Limits) -> Submission:
    """A group is one worker: its pages come one after another, so there are never more in flight than workers."""
    _check_count(len(request.urls), limits, "$.urls")
    op = catalogue.serving("crawl")
    hosts: dict[str, int] = {}
    specs = []
    for place, url in enumerate(request.urls):
        _check_address(catalogue, op, url, f"$.urls[{place}]")
        turn = place if request.policy == "round_robin" else hosts.setdefault(_host(url), len(hosts))
        specs.append(TaskSpec(op=op, input=url, group=f"worker-{turn % request.workers + 1}"))
    name = request.urls[0] if len(specs) == 1 else f"{len(specs)} pages"
    return Submission(kind="crawl", name=name[:_NAME], specs=specs)


def _check_address(catalogue: Catalogue, op: str, url: str, path: str) -> None:
    if not is_url(url):
        raise Rejected("invalid_input", f"{path}: '{url[:100]}' is not an http or https address")
    catalogue.check_input(op, url, path)


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return url


def _in_turn(rows: Iterable[list[TaskSpec]]) -> list[TaskSpec]:
    return [spec for spec in chain.from_iterable(zip_longest(*rows)) if spec is not None]


def _check_count(count: int, limits: Limits, path: str) -> None:
    if count > limits.max_tasks:
        raise Rejected("too_many_tasks", f"{path}: {count} tasks; at most {limits.max_tasks} are taken in one job")


def _check_size(spec: TaskSpec, path: str) -> None:
    size = len(msgspec.json.encode([spec.input, spec.params]))
    if size > _TASK_BYTES:
        raise Rejected("input_too_large", f"{path}: {size:,} bytes as JSON, params included; at most {_TASK_BYTES:,}")


def tasks_of(
    job: str, specs: list[TaskSpec], queued_at: str, ordered: Collection[str] = (), on_error: OnError = "continue"
) -> list[Task]:
    """The tasks of a manifest: a result is named for its op, with a number from the op's second task on.

    Where a failure stops its group, a task of an ordered op goes after the one before it.
    """
    seen: dict[str, int] = {}
    last: dict[str, int] = {}
    tasks = []
    for index, spec in enumerate(specs):
        stops = on_error == "stop_group" and spec.group is not None
        seen[spec.op] = seen.get(spec.op, 0) + 1
        variant = spec.op if seen[spec.op] == 1 else f"{spec.op}-{seen[spec.op]}"
        tasks.append(
            Task(
                job=job,
                index=index,
                op=spec.op,
                variant=variant,
                input=spec.input,
                params=spec.params,
                group=spec.group,
                after=last.get(spec.group or "") if stops else None,
                stop_group=stops and spec.op not in ordered,
                queued_at=queued_at,
            )
        )
        if spec.group and spec.op in ordered:
            last[spec.group] = index
    return tasks

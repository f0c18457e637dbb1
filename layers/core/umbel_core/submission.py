"""Bodies that start a job: one parser for the API, the sockets and `jobs/<name>.json` in S3."""

import base64
import binascii
import json
import re
from codecs import BOM_UTF8
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from itertools import chain, zip_longest
from typing import Any, NamedTuple

import msgspec

from umbel_core.catalogue import Catalogue
from umbel_core.contract.requests import (
    BatchRequest,
    CrawlRequest,
    ImageRequest,
    JobKind,
    Manifest,
    OnError,
    Priority,
    TaskRequest,
    TaskSpec,
)
from umbel_core.crawl_policies import crawl_workers
from umbel_core.errors import Path, Rejected, dotted
from umbel_core.input_types import is_url
from umbel_core.ledger import TaskRecord
from umbel_core.messages import BULK, LIVE
from umbel_core.settings import Limits, megabytes
from umbel_core.validation import hint_at, parse

_MANY_DIGITS = re.compile(rb"(?<![0-9])[0-9]{300}")
"""Finds the numbers that may be too large. The look-behind keeps the search linear in the length of the body."""
_NAME = 200
_TASK_BYTES = 32_000
"""The most bytes of a task's input and params as JSON: they are part of its messages and of its record."""


class VisitSpec(TaskSpec, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One image of a visit; never sent, only planned."""

    visit_time: str | None = None


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """A job as it was requested, whatever the body's form was."""

    kind: JobKind
    name: str | None
    specs: list[TaskSpec]
    on_error: OnError = "continue"
    picture: bytes | None = None
    """A picture that came inside the body; the first spec's input is to become its key."""
    shared: bool = False
    """A worker that is free takes the job's next task, whatever its group."""
    deadline_seconds: int | None = None
    priority: Priority = LIVE
    max_in_flight: int | None = None


def read_submission(body: bytes, catalogue: Catalogue, limits: Limits, kind: JobKind | None = None) -> Submission:
    """Parse and check a body, or raise `Rejected` with the path of what is wrong.

    Its fields decide which form it has, unless the caller takes one `kind` alone.
    """
    document = read_json(body)
    if not isinstance(document, dict):
        forms = [BODIES[kind]] if kind else BODIES.values()
        raise Rejected("invalid_manifest", f"The body must be an object with {', or with '.join(map(str, forms))}.")
    form = BODIES[kind or _kind(document)]
    return form.read(parse(document, form.request, "invalid_manifest"), catalogue, limits)


def read_json(body: bytes) -> Any:
    """Decode a body, or raise `Rejected`."""
    text = body.removeprefix(BOM_UTF8)
    if not text.strip():
        raise Rejected("invalid_json", "The body is empty; send JSON.")
    try:
        document = msgspec.json.decode(text)
        if _MANY_DIGITS.search(text):
            _check_whole_numbers(document, ())
        return document
    except RecursionError as error:
        raise Rejected("invalid_json", "The body is JSON with too many levels.") from error
    except (msgspec.DecodeError, ValueError) as error:
        raise Rejected("invalid_json", f"The body is not JSON{_from_where(text)}.") from error


def _check_whole_numbers(value: Any, path: Path) -> None:
    """Refuse whole numbers that no number of 64 bits can hold: what computes with them would fail."""
    if isinstance(value, int):
        try:
            float(value)
        except OverflowError as error:
            name = dotted(path) or "the body"
            raise Rejected("invalid_json", f"{name} is a number that does not fit into 64 bits.", path) from error
    elif isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            _check_whole_numbers(part, (*path, key))


def _from_where(text: bytes) -> str:
    """Return the place from which on a text is not JSON, as the end of a sentence; nothing if it is not known."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return f", from line {error.lineno}, column {error.colno} on"
    except (ValueError, RecursionError):
        pass
    return ""


def _kind(document: dict[str, Any]) -> JobKind:
    marked = (kind for kind, form in BODIES.items() if any(mark in document for mark in form.marks))
    return next(marked, "manifest")


def _manifest(manifest: Manifest, catalogue: Catalogue, limits: Limits) -> Submission:
    _check_count(len(manifest.tasks), limits, ("tasks",))
    op_of_group: dict[str, str] = {}
    for index, spec in enumerate(manifest.tasks):
        path: Path = ("tasks", index)
        catalogue.check(spec.op, spec.input, spec.params, path)
        _check_size(spec, path)
        if spec.group is not None and op_of_group.setdefault(spec.group, spec.op) != spec.op:
            raise Rejected(
                "mixed_group",
                f"The group '{spec.group}' has tasks of '{op_of_group[spec.group]}' and of '{spec.op}'; a group has "
                "tasks of one op.",
                (*path, "group"),
            )
    return Submission(
        kind="manifest",
        name=manifest.name,
        specs=manifest.tasks,
        on_error=manifest.on_error,
        deadline_seconds=manifest.deadline_seconds,
        priority=manifest.priority or (BULK if len(manifest.tasks) > limits.live_tasks else LIVE),
        max_in_flight=manifest.max_in_flight,
    )


def _task(request: TaskRequest, catalogue: Catalogue, limits: Limits) -> Submission:  # noqa: ARG001 - as all readers
    types = [name for name, card in catalogue.items() if card.carrier != "file"]
    if request.type not in types:
        raise Rejected(
            "unknown_type", f"There is no type '{request.type}'; the types are {', '.join(types)}.", ("type",)
        )
    payload = _payload(request, catalogue)
    path: Path = ("payload",)
    catalogue.check_params(request.type, {}, path)
    catalogue.check_input(request.type, payload, path, "invalid_payload")
    spec = TaskSpec(op=request.type, input=payload)
    _check_size(spec, path)
    return Submission(kind="task", name=request.type, specs=[spec], priority=request.priority or LIVE)


def _payload(request: TaskRequest, catalogue: Catalogue) -> Any:
    """The payload as the op takes it: systems that send every payload as text send `"2"` and `"[1, 2, 3]"`."""
    if isinstance(request.payload, str) and catalogue[request.type].input.get("type") not in (None, "string"):
        try:
            return msgspec.json.decode(request.payload)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return request.payload
    return request.payload


def _image(request: ImageRequest, catalogue: Catalogue, limits: Limits) -> Submission:
    picture = _picture(request.image_data, limits)
    ops = [name for name, card in catalogue.items() if card.carrier == "file"]
    if request.operation not in ops:
        raise Rejected(
            "unknown_op",
            f"There is no op '{request.operation}' that takes a picture; "
            f"{hint_at(request.operation, ops, 'those that do are')}",
            ("operation",),
        )
    named = {"width": request.width, "height": request.height, "format": request.output_format}
    given = {name: value for name, value in named.items() if value is not None}
    try:
        catalogue.check_params(request.operation, {**given, **request.params}, ("params",))
    except Rejected as error:
        raise _at_its_own_field(error, given) from error
    spec = TaskSpec(op=request.operation, input="", params={**given, **request.params})
    _check_size(spec, ("params",))
    return Submission(
        kind="image", name=request.operation, specs=[spec], picture=picture, priority=request.priority or LIVE
    )


def _at_its_own_field(error: Rejected, given: dict[str, Any]) -> Rejected:
    """Width, height and format are fields of the request itself: the path and the sentence name them there."""
    field = error.path[1] if len(error.path) > 1 else None
    if field not in given and field not in ("width", "height"):
        return error
    own = "output_format" if field == "format" else str(field)
    sentence = error.sentence.replace(f"params.{field}", own, 1)
    return Rejected(error.code, sentence, (own,))


def _picture(encoded: str, limits: Limits) -> bytes:
    path: Path = ("image_data",)
    if encoded.startswith("data:"):
        encoded = encoded.partition(",")[2]
    try:
        picture = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Rejected("invalid_image_data", "image_data must be base64 or a data URL.", path) from error
    if not picture:
        raise Rejected("empty_file", "image_data must not be empty.", path)
    if len(picture) > limits.max_upload_bytes:
        most = megabytes(limits.max_upload_bytes)
        raise Rejected("too_large", f"The picture has {megabytes(len(picture))}; at most {most} are taken.", path)
    return picture


def _batch(request: BatchRequest, catalogue: Catalogue, limits: Limits) -> Submission:
    """Make one group for each store. The specs alternate between stores, so that a lane starts many at once."""
    if request.count != len(request.visits):
        raise Rejected("count_mismatch", f"count is {request.count}, but visits has {len(request.visits)}.", ("count",))
    _check_count(sum(len(visit.image_url) for visit in request.visits), limits, ("visits",))
    op = catalogue.serving("batch")
    params = {"gpu_seconds": request.gpu_seconds} if request.gpu_seconds else {}
    catalogue.check_params(op, params)
    stores: dict[str, list[TaskSpec]] = defaultdict(list)
    for index, visit in enumerate(request.visits):
        for position, url in enumerate(visit.image_url):
            _check_url(catalogue, op, url, ("visits", index, "image_url", position))
            spec = VisitSpec(op=op, input=url, params=params, group=visit.store_id, visit_time=visit.visit_time)
            stores[visit.store_id].append(spec)
    name = f"{len(stores)} stores" if len(stores) > 1 else f"store {request.visits[0].store_id}"
    return Submission(
        kind="batch",
        name=name,
        specs=_alternate(stores.values()),
        on_error="stop_group",
        priority=BULK,
        max_in_flight=request.max_in_flight,
    )


def _crawl(request: CrawlRequest, catalogue: Catalogue, limits: Limits) -> Submission:
    """Make one group for each worker: its pages are fetched one after another, so at most `workers` pages at a time."""
    _check_count(len(request.urls), limits, ("urls",))
    op = catalogue.serving("crawl")
    given = {"obey_robots": request.obey_robots, "delay_seconds": request.per_host.delay_seconds}
    params = {name: value for name, value in given.items() if name in catalogue[op].params["properties"] and value}
    for index, url in enumerate(request.urls):
        _check_url(catalogue, op, url, ("urls", index))
    if request.policy == "idle" and request.max_in_flight:
        raise Rejected(
            "invalid_manifest",
            "max_in_flight does not go with the policy 'idle', whose workers take the pages themselves; set workers.",
            ("max_in_flight",),
        )
    workers = crawl_workers(request)
    specs = [
        TaskSpec(op=op, input=url, params=params, group=f"worker-{worker + 1}")
        for url, worker in zip(request.urls, workers, strict=True)
    ]
    return Submission(
        kind="crawl",
        name=(request.urls[0] if len(specs) == 1 else f"{len(specs)} pages")[:_NAME],
        specs=specs,
        priority=BULK,
        shared=request.policy == "idle",
        max_in_flight=request.max_in_flight,
        deadline_seconds=request.deadline_seconds,
    )


def _check_url(catalogue: Catalogue, op: str, url: str, path: Path) -> None:
    if not is_url(url):
        raise Rejected("invalid_input", f"{dotted(path)} must be an http or https URL, not '{url[:100]}'.", path)
    catalogue.check_input(op, url, path)


def _alternate(rows: Iterable[list[TaskSpec]]) -> list[TaskSpec]:
    """Yield the first of every row, then the second of every row, and so on."""
    return [spec for spec in chain.from_iterable(zip_longest(*rows)) if spec is not None]


def _check_count(count: int, limits: Limits, path: Path) -> None:
    if count > limits.max_tasks:
        raise Rejected("too_many_tasks", f"The job has {count} tasks; at most {limits.max_tasks} are taken.", path)


def _check_size(spec: TaskSpec, path: Path) -> None:
    size = len(msgspec.json.encode([spec.input, spec.params]))
    if size > _TASK_BYTES:
        raise Rejected(
            "input_too_large", f"Input and params have {size:,} bytes as JSON; at most {_TASK_BYTES:,} are taken.", path
        )


def tasks_of(
    job_id: str,
    specs: list[TaskSpec],
    queued_at: str,
    ordered: Collection[str] = (),
    on_error: OnError = "continue",
    *,
    shared: bool = False,
    deadline: int | None = None,
    priority: Priority = LIVE,
) -> list[TaskRecord]:
    """The tasks of a manifest: a result is named for its op, with a number from the op's second task on.

    A task of an ordered op goes after the one before it in its group; a shared one goes at any time.
    """
    seen: dict[str, int] = {}
    last: dict[str, int] = {}
    tasks = []
    for index, spec in enumerate(specs):
        stops = on_error == "stop_group" and spec.group is not None
        seen[spec.op] = seen.get(spec.op, 0) + 1
        variant = spec.op if seen[spec.op] == 1 else f"{spec.op}-{seen[spec.op]}"
        tasks.append(
            TaskRecord(
                job_id=job_id,
                index=index,
                op=spec.op,
                variant=variant,
                input=spec.input,
                params=spec.params,
                group=spec.group,
                visit_time=spec.visit_time if isinstance(spec, VisitSpec) else None,
                after=last.get(spec.group or ""),
                after_ended=spec.group in last and not stops,
                stop_group=stops and spec.op not in ordered,
                shared=shared,
                deadline=deadline,
                priority=priority,
                queued_at=queued_at,
            )
        )
        if spec.group and spec.op in ordered and not shared:
            last[spec.group] = index
    return tasks


class BodyForm(NamedTuple):
    """One form of a body that starts a job."""

    request: type[msgspec.Struct]
    marks: tuple[str, ...]
    """Fields that no other form has: a body with any of them is of this form."""
    read: Callable[[Any, Catalogue, Limits], Submission]
    path: str | None = None
    """Path of the call that takes this form alone; `POST /jobs` takes all forms."""
    summary: str = ""
    """The sentence that describes this call."""

    def __str__(self) -> str:
        """The names of these fields in an error's sentence."""
        return " and ".join(f"'{mark}'" for mark in self.marks)


BODIES: dict[JobKind, BodyForm] = {
    "manifest": BodyForm(Manifest, ("tasks",), _manifest),
    "image": BodyForm(ImageRequest, ("image_data", "operation"), _image),
    "task": BodyForm(TaskRequest, ("type", "payload"), _task),
    "batch": BodyForm(
        BatchRequest,
        ("count", "visits"),
        _batch,
        "/batches",
        "Start a batch: images by store, in order within a store; a failure stops its own store.",
    ),
    "crawl": BodyForm(
        CrawlRequest,
        ("urls",),
        _crawl,
        "/crawls",
        "Start a crawl: each page's title, size and status as a task's result.",
    ),
}
"""Job kind -> the form of its body. A new kind is one entry, beside its word and its struct in `contract.requests`."""

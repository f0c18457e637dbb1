"""Bodies that start a job: one parser for the API, the sockets and `jobs/<name>.json` in S3."""

import base64
import binascii
from codecs import BOM_UTF8
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from itertools import chain, zip_longest
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from umbel_core.catalogue import Catalogue
from umbel_core.contract.records import JobKind
from umbel_core.contract.requests import (
    BatchRequest,
    CrawlRequest,
    ImageRequest,
    Manifest,
    OnError,
    TaskRequest,
    TaskSpec,
)
from umbel_core.errors import Path, Rejected, dotted
from umbel_core.input_types import is_url
from umbel_core.ledger import TaskRecord
from umbel_core.settings import Limits, megabytes
from umbel_core.validation import parse

_NAME = 200
_TASK_BYTES = 32_000
"""What a task's input and params may take as JSON: they travel in messages and are kept in its record."""


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


def read_submission(body: bytes, catalogue: Catalogue, limits: Limits, kind: JobKind | None = None) -> Submission:
    """Parse and check a body, or raise `Rejected` with the path of what is wrong.

    Its fields tell which form it has, unless the caller takes one `kind` alone.
    """
    document = read_json(body)
    if not isinstance(document, dict):
        forms = [BODIES[kind]] if kind else BODIES.values()
        raise Rejected("invalid_manifest", f"The body must be an object with {', or with '.join(map(str, forms))}.")
    form = BODIES[kind or _kind(document)]
    return form.read(parse(document, form.request, "invalid_manifest"), catalogue, limits)


def read_json(body: bytes) -> Any:
    """Decode a body, or raise `Rejected`."""
    try:
        return msgspec.json.decode(body.removeprefix(BOM_UTF8))
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Rejected("invalid_json", f"The body is not JSON: {error}.") from error


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
    return Submission(kind="manifest", name=manifest.name, specs=manifest.tasks, on_error=manifest.on_error)


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
    return Submission(kind="task", name=request.type, specs=[spec])


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
            f"There is no op '{request.operation}' that takes a picture; those that do are {', '.join(ops)}.",
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
    return Submission(kind="image", name=request.operation, specs=[spec], picture=picture)


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
    """One group a store. The specs alternate between stores, so that a lane's first messages are of many stores."""
    if request.count != len(request.visits):
        raise Rejected(
            "count_mismatch", f"count is {request.count}, but there are {len(request.visits)} visits.", ("count",)
        )
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
    return Submission(kind="batch", name=name, specs=_alternate(stores.values()), on_error="stop_group")


def _crawl(request: CrawlRequest, catalogue: Catalogue, limits: Limits) -> Submission:
    """One group a worker: its pages are fetched one after another, so at most `workers` are fetched at a time."""
    _check_count(len(request.urls), limits, ("urls",))
    op = catalogue.serving("crawl")
    hosts: dict[str, int] = {}
    specs = []
    for index, url in enumerate(request.urls):
        _check_url(catalogue, op, url, ("urls", index))
        number = index if request.policy == "round_robin" else hosts.setdefault(_host(url), len(hosts))
        specs.append(TaskSpec(op=op, input=url, group=f"worker-{number % request.workers + 1}"))
    name = request.urls[0] if len(specs) == 1 else f"{len(specs)} pages"
    return Submission(kind="crawl", name=name[:_NAME], specs=specs)


def _check_url(catalogue: Catalogue, op: str, url: str, path: Path) -> None:
    if not is_url(url):
        raise Rejected("invalid_input", f"{dotted(path)} must be an http or https URL, not '{url[:100]}'.", path)
    catalogue.check_input(op, url, path)


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return url


def _alternate(rows: Iterable[list[TaskSpec]]) -> list[TaskSpec]:
    """The first of every row, then the second of every row, and so on."""
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
    job_id: str, specs: list[TaskSpec], queued_at: str, ordered: Collection[str] = (), on_error: OnError = "continue"
) -> list[TaskRecord]:
    """The tasks of a manifest: a result is named for its op, with a number from the op's second task on.

    A task of an ordered op goes after the one before it in its group.
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
                queued_at=queued_at,
            )
        )
        if spec.group and spec.op in ordered:
            last[spec.group] = index
    return tasks


class BodyForm(NamedTuple):
    """One form of a body that starts a job."""

    request: type[msgspec.Struct]
    marks: tuple[str, ...]
    """Fields that no other form has: a body with any of them is of this form."""
    read: Callable[[Any, Catalogue, Limits], Submission]

    def __str__(self) -> str:
        """Its marks, as a sentence names them."""
        return " and ".join(f"'{mark}'" for mark in self.marks)


BODIES: dict[JobKind, BodyForm] = {
    "manifest": BodyForm(Manifest, ("tasks",), _manifest),
    "task": BodyForm(TaskRequest, ("type", "payload"), _task),
    "image": BodyForm(ImageRequest, ("image_data", "operation"), _image),
    "batch": BodyForm(BatchRequest, ("count", "visits"), _batch),
    "crawl": BodyForm(CrawlRequest, ("urls",), _crawl),
}
"""Job kind -> the form of its body. A new kind is one entry, beside its word in `JobKind` and its request."""

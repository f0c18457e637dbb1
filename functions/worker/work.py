"""Run the op of one task: get its input, call the op, store its result."""

import inspect
import json
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import msgspec

from umbel_core.errors import Rejected
from umbel_core.input_types import input_type, is_image, is_url, without_query
from umbel_core.messages import RunTask
from umbel_core.op import OpCard, input_annotation, params_type
from umbel_core.settings import Limits
from worker.assets import with_assets

RESULT_BYTES = 300_000
"""What a result may take as JSON: it is kept in its task's record, which has at most 400 kB."""
Function = Callable[..., Any]
Op = Callable[[Any], Any]
"""An op with its parameters: it takes only its input."""
_params_type = cache(params_type)
"""Cached, because creating the type is slow and it is the same for every task."""


class Files(Protocol):
    """Reads the files in the uploads bucket."""

    def fetch(self, key: str, etag: str | None, version: str | None) -> bytes:
        """Return the file's bytes, of this version if it is given."""


class Web(Protocol):
    """Reads files from the web."""

    def file(self, url: str, seconds: float) -> bytes:
        """Return the file's bytes; raise an error when it takes longer than this."""


class Results(Protocol):
    """Writes to the results bucket."""

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Store one result."""


class Source(Protocol):
    """Turns a task's input into the first argument of its op."""

    def read(self, command: RunTask) -> Any:
        """Return the value itself, or the bytes of the file that the input names."""

    def open(self, content: Any) -> Any:
        """Return the op's first argument."""

    def url(self, command: RunTask) -> str | None:
        """Return the URL that the content comes from, if it is from the web."""


class Destination(Protocol):
    """Runs the op on its input, stores what it returns, and returns the task's result as the ledger keeps it."""

    def __call__(self, command: RunTask, op: Op, source: Any, params: Mapping[str, Any]) -> Any: ...


class Work(msgspec.Struct, frozen=True):
    """Runs the op on one task's input and returns the task's result."""

    function: Function
    source: Source
    destination: Destination
    assets: Path = Path("assets")
    """The folder of the deployment's pictures, which parameters name."""

    def __call__(self, command: RunTask) -> Any:
        content = self.source.read(command)
        try:
            return self.run(command, self.source.open(content))
        except Rejected as error:
            if (url := self.source.url(command)) is None:
                raise
            raise Rejected(error.code, f"{error.sentence} The file is from {without_query(url)}") from error

    def run(self, command: RunTask, source: Any) -> Any:
        """Run the op on its input and return the task's result."""
        return self.destination(command, self.op(command), source, _params(self.function, command))

    def op(self, command: RunTask) -> Op:
        """Return the op with the task's parameters."""
        params = _params(self.function, command)
        return partial(call, self.function, params=with_assets(self.function, params, self.assets))


class ValueSource:
    """The input is a value inside the task."""

    def read(self, command: RunTask) -> Any:
        return command.input

    def open(self, content: Any) -> Any:
        return content

    def url(self, command: RunTask) -> None:  # noqa: ARG002 - the signature of Source
        return None


class FileSource(msgspec.Struct, frozen=True):
    """The input names a file, by a key in the uploads bucket or by a URL."""

    card: OpCard
    function: Function
    uploads: Files
    web: Web
    limits: Limits

    def read(self, command: RunTask) -> bytes:
        if (url := self.url(command)) is None:
            return self.uploads.fetch(command.input, command.etag, command.object_version)
        # The worker starts a task only while at least half of the invocation's time is left.
        return self.web.file(url, self.card.compute.timeout_seconds / 2 - 2)

    def open(self, content: Any) -> Any:
        module, _, name = input_type(self.card.takes).open.rpartition(".")
        return (
            getattr(import_module(module), name)(content, input_annotation(self.function), self.limits)
            if module
            else content
        )

    def url(self, command: RunTask) -> str | None:
        return command.input if is_url(command.input) else None


class PictureDestination(msgspec.Struct, frozen=True):
    """Encodes a picture and stores it under a key made only of ids, so that a repeated task overwrites its result."""

    results: Results
    limits: Limits

    def __call__(self, command: RunTask, op: Op, source: Any, params: Mapping[str, Any]) -> Any:
        from worker.each_frame import made  # noqa: PLC0415 - only some lanes have the image libraries

        picture = made(op, source, params, self.limits)
        key = f"{command.job_id}/{command.variant}.{picture.extension}"
        self.results.put(key, picture.data, picture.content_type)
        return {
            "key": key,
            "format": picture.format,
            "content_type": picture.content_type,
            "width": picture.width,
            "height": picture.height,
            "bytes": len(picture.data),
            "frames": picture.frames,
            **({"frames_dropped": dropped} if (dropped := getattr(source, "frames", 1) - picture.frames) else {}),
            "warnings": msgspec.to_builtins([*getattr(source, "warnings", ()), *picture.warnings]),
            **picture.chosen,
        }


def call(function: Function, source: Any, params: Mapping[str, Any]) -> Any:
    """Call the op with the parameters that it declares; the worker uses the others.

    An op that takes a `PIL.Image.Image` gets the whole picture, which nothing else holds.
    """
    _, *declared = inspect.signature(function).parameters
    given = {name: value for name, value in params.items() if name in declared}
    return function(source.image() if is_image(input_annotation(function)) else source, **given)


def in_ledger(command: RunTask, op: Op, source: Any, params: Mapping[str, Any]) -> Any:  # noqa: ARG001 - the signature of Destination
    """Return the op's result as JSON values, for the ledger; raise `Rejected` when the ledger cannot keep it.

    A result with fields gets the warnings about its file, if there are any, as one of them.
    """
    made = op(source)
    try:
        result = msgspec.to_builtins(made, str_keys=True)
        if isinstance(result, dict) and (warnings := getattr(source, "warnings", None)):
            result.setdefault("warnings", msgspec.to_builtins(warnings))
        size = len(json.dumps(result, allow_nan=False, ensure_ascii=False).encode())
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise Rejected("result_not_json", f"The op's result cannot be written as JSON: {error}.") from error
    if size > RESULT_BYTES:
        raise Rejected("result_too_large", f"The result has {size:,} bytes as JSON; at most {RESULT_BYTES:,} are kept.")
    return result


def _params(function: Function, command: RunTask) -> dict[str, Any]:
    try:
        return msgspec.structs.asdict(msgspec.convert(command.params, _params_type(function)))
    except msgspec.ValidationError as error:
        raise Rejected("invalid_params", f"{command.op}: {error}") from error

"""What the op gets and where its answer goes, read off its card: a picture comes from S3 and goes there."""

from collections.abc import Callable
from functools import cache
from typing import Any, Protocol

import msgspec

from umbel_core.errors import Rejected
from umbel_core.messages import RunTask
from umbel_core.op import OpCard, is_address, params_type
from umbel_core.settings import Limits

_params_type = cache(params_type)
"""The same for every task, and not cheap to make."""


class Pictures(Protocol):
    """Where pictures come from."""

    def fetch(self, key: str, etag: str | None) -> bytes:
        """The picture's bytes."""


class Web(Protocol):
    """Where pictures come from that somebody else keeps."""

    def picture(self, url: str, seconds: float) -> bytes:
        """The picture's bytes, within this time."""


class Results(Protocol):
    """Where results go."""

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Store one result."""


class OnValues(msgspec.Struct, frozen=True):
    """An op on text, numbers or anything else that travels inside the message."""

    function: Callable[..., Any]

    def __call__(self, command: RunTask) -> Any:
        return self.function(command.input, **_params(self.function, command))


class OnPictures(msgspec.Struct, frozen=True):
    """An op on a picture in the uploads bucket or on the web. A result's key is made of ids alone."""

    card: OpCard
    function: Callable[..., Any]
    pictures: Pictures
    web: Web
    results: Results
    limits: Limits

    def __call__(self, command: RunTask) -> Any:
        from worker.pictures import process  # noqa: PLC0415 - the image libraries are only in the lanes that need them

        data = self._fetch(command)
        try:
            made = process(self.function, data, _params(self.function, command), self.limits)
        except Rejected as error:
            if not is_address(command.input):
                raise
            raise Rejected(error.code, f"{error.sentence} It came from {command.input}") from error
        if self.card.returns == "value":
            return made
        key = f"{command.job_id}/{command.variant}.{made.extension}"
        self.results.put(key, made.data, made.content_type)
        return {
            "key": key,
            "format": made.format,
            "content_type": made.content_type,
            "width": made.width,
            "height": made.height,
            "bytes": len(made.data),
        }

    def _fetch(self, command: RunTask) -> bytes:
        if not is_address(command.input):
            return self.pictures.fetch(command.input, command.etag)
        # A task begins when at least half of the invocation's time is left.
        return self.web.picture(command.input, self.card.compute.timeout_seconds / 2 - 2)


def _params(function: Callable[..., Any], command: RunTask) -> dict[str, Any]:
    try:
        return msgspec.structs.asdict(msgspec.convert(command.params, _params_type(function)))
    except msgspec.ValidationError as error:
        raise Rejected("invalid_params", f"{command.op}: {error}") from error

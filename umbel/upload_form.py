"""Send a picture's file to the uploads bucket."""

import mimetypes
from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import BinaryIO

import urllib3

from umbel.errors import ApiError
from umbel.transport import Transport
from umbel_core.contract import UploadRequest, UploadTicket

Progress = Callable[[int], object]
"""Called with the number of bytes that were sent since its last call."""

_CHUNK = 256 * 1024
_FILE = b"-the-file-goes-here-"
_TYPES = {
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".jxl": "image/jxl",
    **dict.fromkeys([".heic", ".heif", ".hif"], "image/heic"),
}
"""Media types that the tables of older Pythons do not have."""


def upload(
    http: Transport,
    name: str,
    content: BinaryIO,
    size: int,
    recipe: str | None = None,
    progress: Progress = lambda _: None,
) -> UploadTicket:
    """Get a presigned POST for a file of this name and size, and send the file; return the ticket with the job's id."""
    kind = _TYPES.get(PurePath(name).suffix.lower()) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    request = UploadRequest(filename=name, content_type=kind, size=size, recipe=recipe)
    ticket = http.start(UploadTicket, "uploads", request)
    form = _Form(ticket.fields, content, size, progress)
    headers = {"Content-Type": form.content_type, "Content-Length": str(form.length)}
    answer = http.request("POST", ticket.url, headers, body=form, retries=False)
    if answer.status >= 300:
        raise ApiError("upload_refused", f"{name}: {_reason(answer.data)}", None, answer.status)
    return ticket


class _Form:
    """A multipart form with a file at its end, read in chunks so that a large file is never in memory whole."""

    def __init__(self, fields: dict[str, str], content: BinaryIO, size: int, progress: Progress) -> None:
        # The ticket already has the file's real name; a form could not carry every name.
        body, self.content_type = urllib3.encode_multipart_formdata([*fields.items(), ("file", ("file", _FILE))])
        self._head, self._tail = body.split(_FILE)
        self._content, self._progress = content, progress
        self.length = len(self._head) + size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        while chunk := self._content.read(_CHUNK):
            yield chunk
            self._progress(len(chunk))
        yield self._tail


def _reason(data: bytes) -> str:
    """Return the message of an XML error of S3."""
    text = data.decode(errors="replace")
    _, _, rest = text.partition("<Message>")
    return rest.partition("</Message>")[0] or "the bucket refused the upload"

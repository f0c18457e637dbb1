"""A result that is a file in the results bucket."""

from pathlib import Path
from typing import Any

import msgspec
import urllib3

from umbel.errors import ApiError
from umbel.transport import Transport
from umbel_core.contract import ResultWarning, Variant

_CHUNK = 256 * 1024
_EXTENSIONS = {"jpeg": "jpg", "tiff": "tif"}


class ResultFile:
    """A picture that an op made: its format and size, and its bytes while its link is valid: an hour at most."""

    def __init__(self, http: Transport, variant: Variant) -> None:
        self._http = http
        self._variant = variant

    @classmethod
    def of(cls, http: Transport, result: Any) -> "ResultFile | None":
        """Return the file that a task's result names; None when the result is a value."""
        if not isinstance(result, dict) or "key" not in result or "url" not in result:
            return None
        return cls(http, msgspec.convert(result, Variant))

    def __repr__(self) -> str:
        return f"<ResultFile {self.key} {self.width} x {self.height}, {self.size} bytes>"

    @property
    def key(self) -> str:
        """Its key in the results bucket."""
        return self._variant.key or ""

    @property
    def url(self) -> str:
        """A link that opens the file for an hour at most."""
        return self._variant.url or ""

    @property
    def format(self) -> str:
        """`jpeg`, `png`, `webp`, `avif` or `gif`."""
        return self._variant.format or ""

    @property
    def extension(self) -> str:
        """The extension of such a file's name: `jpg`, `png`."""
        return _EXTENSIONS.get(self.format, self.format or "bin")

    @property
    def width(self) -> int:
        """Pixels."""
        return self._variant.width or 0

    @property
    def height(self) -> int:
        """Pixels."""
        return self._variant.height or 0

    @property
    def size(self) -> int:
        """Bytes."""
        return self._variant.bytes or 0

    @property
    def frames(self) -> int:
        """1 of a picture that does not move."""
        return self._variant.frames or 1

    @property
    def warnings(self) -> list[ResultWarning]:
        """What it lacks of its input, or what was guessed."""
        return self._variant.warnings

    def read(self) -> bytes:
        """Download the file."""
        answer = self._http.request("GET", self.url)
        self._check(answer.status)
        return bytes(answer.data)

    def save(self, path: str | Path) -> Path:
        """Download the file to this path. The path does not exist until the file is complete."""
        path = Path(path)
        part = path.with_name(f".{path.name}.part")
        try:
            with self._http.request("GET", self.url, preload_content=False) as answer, part.open("wb") as out:
                self._check(answer.status)
                for chunk in answer.stream(_CHUNK):
                    out.write(chunk)
            part.replace(path)
        except urllib3.exceptions.HTTPError as error:
            raise self._http.unreachable(error) from error
        finally:
            part.unlink(missing_ok=True)
        return path

    def _check(self, status: int) -> None:
        if status != 200:
            raise ApiError("no_result", f"{self.key}: the result is not there (HTTP {status})", None, status)

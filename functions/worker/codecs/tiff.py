"""Read the directories of a TIFF, without decoding it: its pages, and whether it is a camera's raw file."""

from collections.abc import Iterator
from typing import Literal

_SUBFILE, _OLD_SUBFILE, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES = 254, 255, 258, 259, 262, 277
_SUB_DIRECTORIES, _SAMPLE_FORMAT, _DNG_VERSION = 330, 339, 50706
_TAGS = frozenset([_SUBFILE, _OLD_SUBFILE, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES])
_TAGS |= {_SUB_DIRECTORIES, _SAMPLE_FORMAT, _DNG_VERSION}
_SIZES = {1: 1, 3: 2, 4: 4, 13: 4, 16: 8, 18: 8}
"""Type of a field -> bytes of one value, for the types that these fields may have."""
_RAW_PHOTOMETRICS = frozenset([32803, 34892])
"""The mosaic of a sensor's colours, and the linear pixels made of it."""
_RAW_COMPRESSIONS = frozenset([32767, 32769, 32770, 34713, 65535])
"""Sony's, Epson's, Samsung's, Nikon's and Pentax's."""
_MOST_PAGES, _MOST_FIELDS, _MOST_VALUES = 10_000, 4_096, 16
_INKS, _FLOAT = 5, 3

Directory = dict[int, list[int]]
"""Tag -> values, for the tags above."""


def pages(data: bytes) -> list[Directory]:
    """Return the directory of each page; at most 10,000."""
    reader = _Reader(data)
    found: list[Directory] = []
    seen: set[int] = set()
    at = reader.first
    while at and at not in seen and len(found) < _MOST_PAGES:
        seen.add(at)
        directory, at = reader.directory(at)
        if directory is None:
            break
        found.append(directory)
    return found


def first_full_page(found: list[Directory]) -> int:
    """Return the index of the first page that is not the small preview of another."""
    full = (
        index for index, page in enumerate(found) if not (_value(page, _SUBFILE) & 1 or _value(page, _OLD_SUBFILE) == 2)
    )
    return next(full, 0)


def is_raw(data: bytes, found: list[Directory]) -> bool:
    """Return whether this is a camera's raw file, of which a decoder would return a small preview."""
    reader = _Reader(data)
    outer = found[:_MOST_VALUES]
    inner = [reader.directory(at)[0] or {} for page in outer for at in page.get(_SUB_DIRECTORIES, [])]
    return data[8:10] == b"CR" or any(
        _DNG_VERSION in page
        or _value(page, _PHOTOMETRIC) in _RAW_PHOTOMETRICS
        or _value(page, _COMPRESSION) in _RAW_COMPRESSIONS
        for page in outer + inner
    )


def kind_of_pixels(page: Directory) -> str:
    """Return how a page's pixels are stored: `5 values of 8 bits (CMYK) per pixel`."""
    kinds = ["CMYK"] * (_value(page, _PHOTOMETRIC) == _INKS) + ["floating point"] * (
        _value(page, _SAMPLE_FORMAT) == _FLOAT
    )
    values, bits = _value(page, _SAMPLES, 1), _value(page, _BITS, 1)
    return f"{values} value{'s' * (values != 1)} of {bits} bits{f' ({kinds[0]})' if kinds else ''} per pixel"


def _value(page: Directory, tag: int, default: int = 0) -> int:
    return next(iter(page.get(tag, [])), default)


class _Reader:
    """Reads numbers in the file's byte order, of usual and of big TIFFs."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._order: Literal["little", "big"] = "little" if data[:1] == b"I" else "big"
        self._long = self._number(2, 2) == 43
        self._offset, self._count, self._field = (8, 8, 20) if self._long else (4, 2, 12)
        self.first = self._number(8 if self._long else 4, self._offset)

    def directory(self, at: int) -> tuple[Directory | None, int]:
        """Return a directory and the position of the next; None when there is none at this position."""
        count = self._number(at, self._count)
        start = at + self._count
        end = start + count * self._field
        if not 0 < count <= _MOST_FIELDS or end > len(self._data):
            return None, 0
        found = {}
        for field in range(start, end, self._field):
            if (tag := self._number(field, 2)) in _TAGS:
                found[tag] = list(self._values(field))
        return found, self._number(end, self._offset)

    def _values(self, field: int) -> Iterator[int]:
        size = _SIZES.get(self._number(field + 2, 2), 0)
        count = self._number(field + 4, self._offset)
        at = field + 4 + self._offset
        if size * count > self._offset:
            at = self._number(at, self._offset)
        yield from (self._number(at + n * size, size) for n in range(min(count, _MOST_VALUES) if size else 0))

    def _number(self, at: int, size: int) -> int:
        return int.from_bytes(self._data[at : at + size], self._order)

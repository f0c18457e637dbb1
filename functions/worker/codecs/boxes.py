"""Read the boxes of a file like an AVIF, a HEIC or a JPEG XL: each has a length, a name of four letters and a content.

Damaged boxes raise `struct.error` or `IndexError`, which are errors of decoders.
"""

import struct
from collections.abc import Iterator
from functools import cached_property

_FLAGS = 4
"""Bytes of version and flags, with which some boxes begin."""
_LARGEST_LIST = 1024
"""Bytes of the list of brands that are read."""
_AVIF = frozenset([b"avif", b"avis"])
_HEIC = frozenset([b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"])
_JXL = (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")
_MOST_ITEMS = 5_000
"""A picture of 100 MP in tiles of 512 x 512 pixels has 400 of them."""


def each_box(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the name and the content of each box; the last may lack its end."""
    for at, start, end in _places(data):
        yield data[at + 4 : at + 8], data[start:end]


def is_heic(data: bytes) -> bool:
    """Return whether a file, of which the first bytes are enough, says that it is a HEIC or HEIF and no AVIF."""
    found = brands(data)
    return bool(found & _HEIC) and not found & _AVIF


def is_jxl(data: bytes) -> bool:
    """Return whether a file begins as a JPEG XL does, with boxes or without."""
    return data.startswith(_JXL)


def without_film(data: bytes) -> bytes:
    """Return a file as long as this one in which no decoder finds the frames of a sequence, only the picture."""
    for at, start, end in _places(data):
        name = data[at + 4 : at + 8]
        if name == b"moov":
            data = data[: at + 4] + b"free" + data[at + 8 :]
        elif name == b"ftyp" and b"msf1" in data[start:end]:
            data = data[:start] + data[start:end].replace(b"msf1", b"mif1") + data[end:]
    return data


def lacks_end(data: bytes) -> bool:
    """Return whether the boxes of a file say that it is longer."""
    end = 0
    while end < len(data) and (size := int.from_bytes(data[end : end + 4])) >= 8:
        end += size
    return len(data) < end


def brands(data: bytes) -> frozenset[bytes]:
    """Return the names of the formats that a file says it has; none for a file without such a list."""
    if data[4:8] != b"ftyp":
        return frozenset()
    end = min(int.from_bytes(data[:4]), _LARGEST_LIST, len(data))
    return frozenset([data[8:12], *(data[at : at + 4] for at in range(16, end, 4))])


def _places(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield where each box begins, where its content begins, and where it ends."""
    at = 0
    while at + 8 <= len(data):
        size, start = int.from_bytes(data[at : at + 4]), at + 8
        if size == 1:
            size, start = int.from_bytes(data[at + 8 : at + 16]), at + 16
        end = len(data) if size == 0 else at + size
        if end < start:
            return
        yield at, start, end
        at = end


class Items:
    """The pictures of an AVIF or a HEIC, and the data about them; each has a number."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        meta = next((content for name, content in each_box(data) if name == b"meta"), b"")
        self._meta = dict(each_box(meta[_FLAGS:]))

    @cached_property
    def primary(self) -> int:
        """The main picture."""
        return int.from_bytes(self._meta.get(b"pitm", b"")[_FLAGS:])

    @cached_property
    def types(self) -> dict[int, bytes]:
        """Item -> how it is coded: `hvc1` is HEVC, `grid` a picture that is made of others."""
        listed = self._meta.get(b"iinf", b"")
        found = {}
        for _, entry in each_box(listed[_FLAGS + (2 if listed[:1] == b"\0" else 4) :]):
            end = _FLAGS + (2 if entry[:1] == b"\2" else 4)
            found[int.from_bytes(entry[_FLAGS:end])] = entry[end + 2 : end + 6]
        return found

    @cached_property
    def properties(self) -> list[tuple[bytes, bytes]]:
        """Name and content of all properties, of whatever item."""
        return list(each_box(self._properties.get(b"ipco", b"")))

    @cached_property
    def _properties(self) -> dict[bytes, bytes]:
        return dict(each_box(self._meta.get(b"iprp", b"")))

    def property_of(self, item: int, name: bytes) -> bytes | None:
        """Return the content of a property of an item."""
        listed = self.properties
        used = _indexes(self._properties.get(b"ipma", b""), item)
        found = (listed[index - 1] for index in used if 0 < index <= len(listed))
        return next((content for kind, content in found if kind == name), None)

    def contents(self) -> Iterator[tuple[int, bytes]]:
        """Yield each item that lies in the file in one piece, and its content."""
        iloc = self._meta.get(b"iloc", b"")
        version, sizes = iloc[0], iloc[_FLAGS : _FLAGS + 2]
        offset, length, base, index = sizes[0] >> 4, sizes[0] & 15, sizes[1] >> 4, sizes[1] & 15 if version else 0
        reader = _Numbers(iloc, _FLAGS + 2)
        wide = 4 if version == 2 else 2
        for _ in range(min(reader.take(wide), _MOST_ITEMS)):
            item, method = reader.take(wide), reader.take(2) & 15 if version else 0
            reader.take(2)
            origin, pieces = reader.take(base), reader.take(2)
            for _ in range(pieces):
                reader.take(index)
                start, size = origin + reader.take(offset), reader.take(length)
                if pieces == 1 and method == 0:
                    yield item, self._data[start : start + size] if size else self._data[start:]


def _indexes(ipma: bytes, item: int) -> Iterator[int]:
    """Yield the indexes, from 1, of the properties of an item."""
    wide = ipma[3] & 1
    reader = _Numbers(ipma, _FLAGS)
    for _ in range(min(reader.take(4), _MOST_ITEMS)):
        entry = reader.take(2 if ipma[0] < 1 else 4)
        for _ in range(reader.take(1)):
            index = reader.take(2) & 0x7FFF if wide else reader.take(1) & 0x7F
            if entry == item:
                yield index


class _Numbers:
    """Reads numbers one after another."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at

    def take(self, size: int) -> int:
        """Return the number in the next bytes; raise an error when they are not there."""
        start, self._at = self._at, self._at + size
        if self._at > len(self._data):
            raise struct.error("a box is too short")
        return int.from_bytes(self._data[start : self._at])

"""Read what Pillow passes over in an AVIF: its clean aperture, the part that is shown, and its colour space."""

import struct
from collections.abc import Iterator
from fractions import Fraction

Box = tuple[int, int, int, int]

_FLAGS = 4
"""Bytes of version and flags, with which some boxes begin."""


def clean_aperture(data: bytes, size: tuple[int, int]) -> Box | None:
    """Return left, top, right and bottom of the shown part of a picture of this size; None when all is shown."""
    try:
        return _cut(_property(data, b"clap"), size)
    except (struct.error, ZeroDivisionError, IndexError):
        return None  # as decoders do with one that makes no sense


def code_points(data: bytes) -> tuple[int, int] | None:
    """Return the numbers of the primaries and of the curve of a picture that has no ICC profile."""
    try:
        colours = _property(data, b"colr")
    except (struct.error, IndexError):
        return None
    if colours is None or colours[:4] != b"nclx" or len(colours) < 8:
        return None
    return int.from_bytes(colours[4:6]), int.from_bytes(colours[6:8])


def _cut(clap: bytes | None, size: tuple[int, int]) -> Box | None:
    if clap is None:
        return None
    width_n, width_d, height_n, height_d, x_n, x_d, y_n, y_d = struct.unpack(">IIIIiIiI", clap[:32])
    width, height = Fraction(width_n, width_d), Fraction(height_n, height_d)
    left = (size[0] - width) / 2 + Fraction(x_n, x_d)
    top = (size[1] - height) / 2 + Fraction(y_n, y_d)
    edges = left, top, left + width, top + height
    if any(edge.denominator != 1 for edge in edges) or not (width > 0 and height > 0):
        return None
    if left < 0 or top < 0 or edges[2] > size[0] or edges[3] > size[1]:
        return None
    return int(left), int(top), int(edges[2]), int(edges[3])


def _property(data: bytes, name: bytes) -> bytes | None:
    """Return the content of a property of the primary picture."""
    meta = _boxes(_boxes(data).get(b"meta", b"")[_FLAGS:])
    primary = meta.get(b"pitm", b"")
    item = int.from_bytes(primary[_FLAGS:])
    of_items = _boxes(meta.get(b"iprp", b""))
    listed = list(_each_box(of_items.get(b"ipco", b"")))
    used = (listed[index - 1] for index in _indexes(of_items.get(b"ipma", b""), item) if 0 < index <= len(listed))
    return next((content for kind, content in used if kind == name), None)


def _indexes(ipma: bytes, item: int) -> Iterator[int]:
    """Yield the indexes, from 1, of the properties of an item."""
    version, wide = ipma[0], ipma[3] & 1
    (count,) = struct.unpack_from(">I", ipma, _FLAGS)
    at, size = _FLAGS + 4, 2 if version < 1 else 4
    for _ in range(count):
        entry, number = int.from_bytes(ipma[at : at + size]), ipma[at + size]
        at += size + 1
        step = 2 if wide else 1
        if entry == item:
            for place in range(at, at + step * number, step):
                yield int.from_bytes(ipma[place : place + step]) & (0x7FFF if wide else 0x7F)
        at += step * number


def _boxes(data: bytes) -> dict[bytes, bytes]:
    return dict(_each_box(data))


def _each_box(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        size, start = int.from_bytes(data[at : at + 4]), at + 8
        if size == 1:
            size, start = int.from_bytes(data[at + 8 : at + 16]), at + 16
        end = len(data) if size == 0 else at + size
        if end < start:
            return
        yield data[at + 4 : at + 8], data[start:end]
        at = end

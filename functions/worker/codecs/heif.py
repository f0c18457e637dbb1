"""Read what the decoders of AVIF and HEIC pass over: clean aperture, colour space, orientation and EXIF data."""

import struct
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction

from worker.codecs.boxes import Items

Box = tuple[int, int, int, int]

ORIENTATION = 0x0112
"""The tag of EXIF data that does not count in these files: they have properties for it."""
HEVC = frozenset([b"hvc1", b"hev1"])
"""The types of items whose pixels are coded as HEVC."""
_ZEROS = bytes(3)
_TONE_MAPPED, _GAIN_MAP = b"tmap", b"aux:hdrgainmap"
_EXIF_OFFSET = 4
_ORIENTATIONS = {
    (0, None): 1, (1, None): 8, (2, None): 3, (3, None): 6,
    (0, 0): 4, (1, 0): 5, (2, 0): 2, (3, 0): 7,
    (0, 1): 2, (1, 1): 7, (2, 1): 4, (3, 1): 5,
}  # fmt: skip
"""Quarter turns against the clock and axis of the mirror -> the same as an EXIF orientation."""


def clean_aperture(data: bytes, size: tuple[int, int]) -> Box | None:
    """Return left, top, right and bottom of the shown part of a picture of this size; None when all is shown."""
    try:
        return _cut(_property(data, b"clap"), size)
    except (struct.error, ZeroDivisionError):
        return None  # as decoders do with one that makes no sense


def code_points(data: bytes) -> tuple[int, int] | None:
    """Return the numbers of the primaries and of the curve of a picture that has no ICC profile."""
    colours = _property(data, b"colr") or b""
    if colours[:4] != b"nclx" or len(colours) < 8:
        return None
    return int.from_bytes(colours[4:6]), int.from_bytes(colours[6:8])


def orientation(data: bytes) -> int:
    """Return how the stored pixels lie, as an EXIF orientation."""
    turn, mirror = _property(data, b"irot"), _property(data, b"imir")
    return _ORIENTATIONS[turn[0] & 3 if turn else 0, mirror[0] & 1 if mirror else None]


def most_pixels(data: bytes) -> int:
    """Return the pixels of the largest picture in a file, before anything is cut off."""
    sizes = [content for name, content in Items(data).properties if name == b"ispe"]
    return max((int.from_bytes(size[4:8]) * int.from_bytes(size[8:12]) for size in sizes), default=0)


def has_gain_map(data: bytes) -> bool:
    """Return whether a file has what makes its picture brighter on some screens, as Apple or the standard writes it."""
    with suppress(struct.error, IndexError):
        items = Items(data)
        return _TONE_MAPPED in items.types.values() or any(
            name == b"auxC" and _GAIN_MAP in content for name, content in items.properties
        )
    return False


def lacks_data(data: bytes) -> bool:
    """Return whether coded pixels have three zero bytes in a row, which HEVC never writes."""
    with suppress(struct.error, IndexError):
        items = Items(data)
        pieces = (content for item, content in items.contents() if items.types.get(item) in HEVC)
        return any(_ZEROS in unit for content in pieces for unit in _units(content))
    return False


def exif(data: bytes) -> bytes | None:
    """Return the EXIF data; None where there are none."""
    with suppress(struct.error, IndexError):
        items = Items(data)
        for item, content in items.contents():
            if items.types.get(item) == b"Exif":
                return content[_EXIF_OFFSET + int.from_bytes(content[:_EXIF_OFFSET]) :]
    return None


def _units(content: bytes) -> Iterator[bytes]:
    """Yield the units of coded pixels (NAL); each has its length before it, in four bytes."""
    at = 0
    while at + 4 < len(content):
        start, at = at + 4, at + 4 + int.from_bytes(content[at : at + 4])
        yield content[start:at]


def _property(data: bytes, name: bytes) -> bytes | None:
    """Return the content of a property of the main picture; None where it has none, or the boxes are damaged."""
    with suppress(struct.error, IndexError):
        items = Items(data)
        return items.property_of(items.primary, name)
    return None


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

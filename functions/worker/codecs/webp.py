"""The frames of a WebP: read its chunks, and write them."""

import struct
from collections.abc import Callable, Iterable, Iterator

from PIL.Image import Image

from worker.codecs.frames import EXIF, Motion, Part, Shown, Whole, changes

_MOVES, _EXIF, _ALPHA = 0x02, 0x08, 0x10
_PIXELS = (b"ALPH", b"VP8 ", b"VP8L")
_REPLACES = b"\2"
_MARGIN = 8
"""Pixels. A lossy encoder spoils those beside an edge, which must not stay when the edge moves on."""
_LONGEST = 2**24 - 1
"""Milliseconds, some four hours."""


def read(data: bytes) -> Motion | None:
    """Return the frames; None when the file is a WebP that does not move."""
    view, motion = memoryview(data), Motion([])
    moves = False
    for name, start, stop in _chunks(data, 12):
        if name == b"ANIM":
            moves, motion.plays = True, int.from_bytes(data[start + 4 : start + 6], "little")
        elif name == b"ANMF":
            motion.expected += 1
            if stop <= len(data):
                motion.parts.append(_part(view[start:stop]))
    return motion if moves else None


def _part(content: memoryview) -> Part:
    left, top, width, height, milliseconds = (int.from_bytes(content[at : at + 3], "little") for at in range(0, 15, 3))
    flags = content[15]
    body = content[16:]
    left, top = 2 * left, 2 * top
    size = b"\0\0\0" + _three(width) + _three(height)
    head = chunk(b"VP8X", bytes([_ALPHA]) + size) if bytes(body[:4]) == b"ALPH" else (b"",)
    length = sum(map(len, head)) + len(body) + 4
    return Part(
        (b"RIFF", struct.pack("<I", length), b"WEBP", *head, body),
        (left, top, left + width + 1, top + height + 1),
        milliseconds,
        "clear" if flags & 1 else "keep",
        over=not flags & 2 or _is_opaque(body),
    )


def _is_opaque(body: memoryview) -> bool:
    """Return whether the picture has no alpha; a lossless one says so in its header."""
    name = bytes(body[:4])
    return name == b"VP8 " or (name == b"VP8L" and not body[12] & 0x10)


def _chunks(data: bytes, position: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and stop of the content of each chunk; `stop` may be behind the end of the data."""
    while (start := position + 8) <= len(data):
        stop = start + int.from_bytes(data[position + 4 : start], "little")
        yield data[position : position + 4], start, stop
        position = stop + stop % 2


def chunk(name: bytes, content: bytes) -> tuple[bytes, bytes, bytes]:
    """Return a chunk's pieces."""
    return name + struct.pack("<I", len(content)), content, b"\0" * (len(content) % 2)


def _three(number: int) -> bytes:
    return number.to_bytes(3, "little")


def write(frames: Iterable[Shown], whole: Whole, encode: Callable[[Image], bytes]) -> bytes:
    """Return the file; `encode` makes a WebP of each part."""
    written: list[bytes] = []
    size, clear = (0, 0), False
    for image, (left, top, *_), milliseconds in changes(frames, step=2, margin=_MARGIN):
        size = size if written else image.size
        data = encode(image)
        kept = [data[start - 8 : stop + stop % 2] for name, start, stop in _chunks(data, 12) if name in _PIXELS]
        clear = clear or image.mode.endswith("A")
        place = [left // 2, top // 2, image.width - 1, image.height - 1, min(milliseconds, _LONGEST)]
        written += chunk(b"ANMF", b"".join([*map(_three, place), _REPLACES, *kept]))
    exif = chunk(b"EXIF", whole.exif.removeprefix(EXIF)) if whole.exif else ()
    head = (
        bytes([_MOVES | (_ALPHA if clear else 0) | (_EXIF if exif else 0)])
        + b"\0\0\0"
        + _three(size[0] - 1)
        + _three(size[1] - 1)
    )
    animation = chunk(b"ANIM", b"\0\0\0\0" + struct.pack("<H", min(whole.plays, 2**16 - 1)))
    pieces = [*chunk(b"VP8X", head), *animation, *written, *exif]
    return b"".join([b"RIFF", struct.pack("<I", sum(map(len, pieces)) + 4), b"WEBP", *pieces])

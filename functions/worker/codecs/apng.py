"""The frames of a PNG that moves: read its chunks, and write them."""

import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile

from PIL.Image import Image

from worker.codecs.frames import EXIF, Disposal, Motion, Part, Shown, Whole, changes
from worker.codecs.shared_palette import with_one_palette

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_END = b"\0\0\0\0IEND\xaeB`\x82"
_OPAQUE = (0, 2, 3)
"""The types of colours that have an alpha only by the chunk tRNS."""
_DISPOSALS: dict[int, Disposal] = {1: "clear", 2: "restore"}


def read(data: bytes) -> Motion | None:
    """Return the frames before the first one without data; None when the file is a PNG that does not move.

    A picture for programs that know no APNG, which is no frame, is left out.
    """
    view, motion = memoryview(data), Motion([])
    header = b""
    shared: list[memoryview] = []
    frames: list[tuple[bytes, list[bytes | memoryview]]] = []
    stand_in: list[bytes | memoryview] = []
    for name, start, stop in _chunks(data):
        if name == b"IHDR":
            header = data[start:stop]
        elif name == b"acTL":
            motion.expected, motion.plays = struct.unpack(">II", data[start : start + 8])
        elif name == b"fcTL":
            frames.append((data[start:stop], []))
        elif name in (b"PLTE", b"tRNS"):
            shared.append(view[start - 8 : stop + 4])
        elif name == b"IDAT":
            (frames[-1][1] if frames else stand_in).append(view[start - 8 : stop + 4])
        elif name == b"fdAT" and frames:
            frames[-1][1].extend(chunk(b"IDAT", view[start + 4 : stop]))
    motion.has_stand_in = bool(stand_in)
    whole = takewhile(lambda frame: frame[1], frames[: motion.expected])
    motion.parts = [_part(control, header, shared, pieces) for control, pieces in whole]
    return motion if motion.expected else None


def _part(control: bytes, header: bytes, shared: list[memoryview], pieces: list[bytes | memoryview]) -> Part:
    _, width, height, left, top, above, below, disposal, blend = struct.unpack(">IIIIIHHBB", control[:26])
    opaque = header[9] in _OPAQUE and not any(bytes(piece[4:8]) == b"tRNS" for piece in shared)
    head = chunk(b"IHDR", struct.pack(">II", width, height) + header[8:])
    return Part(
        (_SIGNATURE, *head, *shared, *pieces, _END),
        (left, top, left + width, top + height),
        round(1000 * above / (below or 100)),
        _DISPOSALS.get(disposal, "keep"),
        over=blend == 1 or opaque,
    )


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and stop of the content of each chunk that is there as a whole."""
    position = len(_SIGNATURE)
    while (start := position + 8) <= len(data):
        name, stop = data[position + 4 : start], start + int.from_bytes(data[position : position + 4])
        if stop + 4 > len(data):
            return
        yield name, start, stop
        position = stop + 4


def chunk(name: bytes, content: bytes | memoryview) -> tuple[bytes, bytes | memoryview, bytes]:
    """Return a chunk's pieces."""
    return len(content).to_bytes(4) + name, content, zlib.crc32(content, zlib.crc32(name)).to_bytes(4)


def write(frames: Iterable[Shown], whole: Whole, encode: Callable[[Image], bytes]) -> bytes:
    """Return the file; `encode` makes a PNG of each part, all of the same type of colours.

    The frames of a drawing have one palette, if all of them together have few colours.
    """
    written: list[bytes | memoryview] = []
    header, numbers, total = b"", iter(range(2**32)), 0
    parts = changes(frames)
    shared: tuple[bytes | memoryview, ...] = ()
    for image, (left, top, *_), milliseconds in with_one_palette(parts, whole.drawn_in) if whole.drawn_in else parts:
        data = encode(image)
        found = {name: data[start:stop] for name, start, stop in _chunks(data)}
        if not total:
            header = found[b"IHDR"]
            shared = tuple(piece for name in (b"PLTE", b"tRNS") if name in found for piece in chunk(name, found[name]))
        place = struct.pack(">IIIIIHHBB", next(numbers), *image.size, left, top, *_fraction(milliseconds), 0, 0)
        written += chunk(b"fcTL", place)
        for name, start, stop in _chunks(data):
            if name == b"IDAT":
                content = data[start:stop]
                number = b"" if total == 0 else next(numbers).to_bytes(4)
                written += chunk(b"fdAT" if number else b"IDAT", number + content)
        total += 1
    moves = chunk(b"acTL", struct.pack(">II", total, whole.plays))
    exif = chunk(b"eXIf", whole.exif.removeprefix(EXIF)) if whole.exif else ()
    return b"".join([_SIGNATURE, *chunk(b"IHDR", header), *moves, *exif, *shared, *written, _END])


def _fraction(milliseconds: int) -> tuple[int, int]:
    """Return a time as a fraction of a second, of two numbers of 16 bits."""
    return (milliseconds, 1000) if milliseconds < 2**16 else (min(milliseconds // 1000, 2**16 - 1), 1)

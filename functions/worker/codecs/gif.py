"""The frames of a GIF, read from its blocks."""

from collections.abc import Iterator

from worker.codecs.frames import Disposal, Motion, Part

_HEADER = 13
_IMAGE, _EXTENSION = 0x2C, 0x21
_CONTROL, _APPLICATION = 0xF9, 0xFF
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_DISPOSALS: dict[int, Disposal] = {2: "clear", 3: "restore"}


def read(data: bytes) -> Motion:
    """Return the whole frames; the data of one that is cut off is left out.

    As in browsers, "restore to background" makes the box transparent, whatever colour the background has.
    """
    view, motion = memoryview(data), Motion([], plays=1, clips=True)
    palette = view[_HEADER : _HEADER + palette_size(data[10:11])]
    control = b""
    for kind, start, stop in _blocks(data, _HEADER + len(palette)):
        if kind == _EXTENSION:
            content = data[start:stop]
            if content[1] == _CONTROL and len(content) >= 8:
                control = content[3:7]
            elif content[1] == _APPLICATION and content[3:14] in _LOOPS and content[15:16] == b"\1":
                repeats = int.from_bytes(content[16:18], "little")
                motion.plays = repeats + 1 if repeats else 0
        elif kind == _IMAGE:
            motion.expected += 1
            if stop <= len(data):
                motion.parts.append(_part(view, start, stop, palette, control))
            control = b""
    return motion


def _part(view: memoryview, start: int, stop: int, palette: bytes | memoryview, control: bytes) -> Part:
    left, top, width, height = (int.from_bytes(view[at : at + 2], "little") for at in range(start + 1, start + 9, 2))
    flags = control[0] if control else 0
    screen = bytes(view[start + 5 : start + 9]) + bytes([palette_flags(palette), 0, 0])
    transparent = b"\x21\xf9\4" + control + b"\0" if flags & 1 else b""
    descriptor = b",\0\0\0\0" + bytes(view[start + 5 : start + 10])
    return Part(
        (b"GIF89a", screen, palette, transparent, descriptor, view[start + 10 : stop], b";"),
        (left, top, left + width, top + height),
        10 * int.from_bytes(control[1:3], "little"),
        _DISPOSALS.get(flags >> 2 & 7, "keep"),
    )


def _blocks(data: bytes, position: int) -> Iterator[tuple[int, int, int]]:
    """Yield kind, start and stop of each block; of one that is cut off, `stop` is behind the end of the data."""
    while position + 10 < len(data) and (kind := data[position]) in (_IMAGE, _EXTENSION):
        start = position
        position += 11 + palette_size(data[position + 9 : position + 10]) if kind == _IMAGE else 2
        while position < len(data) and data[position]:
            position += 1 + data[position]
        position += 1
        yield kind, start, position


def palette_size(flags: bytes) -> int:
    """Return the number of bytes of a colour table."""
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0


def palette_flags(palette: bytes | memoryview) -> int:
    """Return the flags that say the size of a colour table."""
    return 0x80 | (len(palette) // 3).bit_length() - 2 if palette else 0

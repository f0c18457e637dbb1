"""Read the header of a JPEG XL, so that its limits are checked before it is decoded: its library does both at once."""

from collections.abc import Callable

import msgspec

from worker.codecs.boxes import each_box

_CODESTREAM = b"\xff\x0a"
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}
"""Number -> width by height, for the shapes that need no width."""
_GRAY = 1
_TURNED = 5
"""The first of the orientations that exchange width and height."""
_Choices = tuple[tuple[int, int], tuple[int, int], tuple[int, int], tuple[int, int]]
"""Offsets, and the number of bits that are added to each."""
_SIDE: _Choices = ((1, 9), (1, 13), (1, 18), (1, 30))
_SHORT_PREVIEW: _Choices = ((16, 0), (32, 0), (1, 5), (33, 9))
_PREVIEW: _Choices = ((1, 6), (65, 8), (321, 10), (1345, 12))
_WHOLE_BITS: _Choices = ((8, 0), (10, 0), (12, 0), (1, 6))
_FLOAT_BITS: _Choices = ((32, 0), (16, 0), (24, 0), (1, 6))
_CHANNELS: _Choices = ((0, 0), (1, 0), (2, 4), (1, 12))
_ENUM: _Choices = ((0, 0), (1, 0), (2, 4), (18, 6))


class Header(msgspec.Struct):
    """What the header says. The decoder turns the picture, so width and height are those of the upright one."""

    size: tuple[int, int]
    orientation: int = 1
    bits: int = 8
    mode: str = "RGB"
    animated: bool = False
    more_channels: int = 0
    """The channels besides the colours: alpha, depth and others."""


def codestream(data: bytes) -> bytes:
    """Return the picture without the boxes around it."""
    if data.startswith(_CODESTREAM):
        return data
    boxes = each_box(data)
    return b"".join(content[4 * (name == b"jxlp") :] for name, content in boxes if name in (b"jxlc", b"jxlp"))


def exif(data: bytes) -> bytes | None:
    """Return the EXIF data from the boxes around the picture; None where there are none, or they are compressed."""
    if data.startswith(_CODESTREAM):
        return None
    found = next((content for name, content in each_box(data) if name == b"Exif"), None)
    return found and found[4 + int.from_bytes(found[:4]) :]


def read(stream: bytes) -> Header:
    """Return what the header of a codestream says; of an animation, only that it is one."""
    bits = _Bits(stream)
    header = Header(bits.size(lambda: 8 * bits.take(5) + 8, lambda: bits.choose(_SIDE)))
    if bits.take(1):
        return header
    if bits.take(1):
        header.orientation = bits.take(3) + 1
        if header.orientation >= _TURNED:
            header.size = header.size[::-1]
        if bits.take(1):  # the size to show it at, which no browser uses
            bits.size(lambda: 8 * bits.take(5) + 8, lambda: bits.choose(_SIDE))
        if bits.take(1):
            bits.size(lambda: 8 * bits.choose(_SHORT_PREVIEW), lambda: bits.choose(_PREVIEW))
        header.animated = bool(bits.take(1))
    if header.animated:
        return header
    if bits.take(1):
        header.bits = bits.choose(_FLOAT_BITS)
        bits.take(4)
    else:
        header.bits = bits.choose(_WHOLE_BITS)
    bits.take(1)
    header.more_channels = bits.choose(_CHANNELS)
    alpha = header.more_channels == 1 and bits.take(1)
    if alpha or not header.more_channels:
        bits.take(1)
        gray = not bits.take(1) and not bits.take(1) and bits.choose(_ENUM) == _GRAY
        header.mode = ("L" if gray else "RGB") + "A" * alpha
    return header


class _Bits:
    """Reads numbers of some bits, the lowest bit first."""

    def __init__(self, stream: bytes) -> None:
        self._rest = int.from_bytes(stream[2:100], "little")

    def take(self, count: int) -> int:
        """Return the number in the next bits."""
        number = self._rest & (1 << count) - 1
        self._rest >>= count
        return number

    def choose(self, choices: _Choices) -> int:
        """Return a number of which two bits say how it is written."""
        offset, count = choices[self.take(2)]
        return offset + self.take(count)

    def size(self, short: Callable[[], int], long: Callable[[], int]) -> tuple[int, int]:
        """Return width and height, which are multiples of eight in the short form."""
        side = short if self.take(1) else long
        height = side()
        ratio = self.take(3)
        if ratio:
            across, down = _RATIOS[ratio]
            return height * across // down, height
        return side(), height

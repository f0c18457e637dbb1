"""JPEGs that no encoder at hand writes, coded by hand."""

import struct

from PIL import Image

_CATEGORIES = 17
"""A difference has up to 16 bits; their number is coded in five bits."""


def lossless(picture: Image.Image) -> bytes:
    """Return a lossless JPEG: every value as its difference from the one to its left, or above at the left edge."""
    stride, values = 3 * picture.width, picture.tobytes()
    before = [128] * 3
    bits = ""
    for at, value in enumerate(values):
        predicted = before[at] if at < 3 else values[at - (3 if at % stride >= 3 else stride)]
        bits += _difference(value - predicted)
    return _jpeg(0xC3, 8, picture.size, b"RGB", bits, b"\1\0\0")


def twelve_bits() -> bytes:
    """Return the header of a gray JPEG with twelve bits for each value, and a block of it."""
    return _jpeg(0xC1, 12, (8, 8), b"\1", _difference(0) + "0", b"\0\x3f\0")


def _difference(value: int) -> str:
    size = abs(value).bit_length()
    low = value if value >= 0 else value + (1 << size) - 1
    return f"{size:05b}" + (f"{low:0{size}b}" if size else "")


def _jpeg(kind: int, depth: int, size: tuple[int, int], components: bytes, bits: str, end_of_scan: bytes) -> bytes:
    bits += "1" * (-len(bits) % 8)
    coded = int(bits, 2).to_bytes(len(bits) // 8).replace(b"\xff", b"\xff\0")
    count = len(components)
    codes = bytes([0, 0, 0, 0, _CATEGORIES, *([0] * 11), *range(_CATEGORIES)])
    frame = struct.pack(">BHHB", depth, size[1], size[0], count) + b"".join(bytes([one, 0x11, 0]) for one in components)
    scan = bytes([count]) + b"".join(bytes([one, 0]) for one in components) + end_of_scan
    parts = [_segment(kind, frame), _segment(0xC4, b"\0" + codes), _segment(0xC4, b"\x10" + codes)]
    if depth > 8 or kind != 0xC3:
        parts.append(_segment(0xDB, b"\0" + bytes([1] * 64)))
    return b"\xff\xd8" + b"".join([*parts, _segment(0xDA, scan)]) + coded + b"\xff\xd9"


def _segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content

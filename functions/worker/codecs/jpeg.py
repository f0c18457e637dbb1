"""Read what a JPEG's markers say, without decoding it."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

START_OF_SCAN = 0xDA
SCAN = bytes([0xFF, START_OF_SCAN])
_END_OF_IMAGE = 0xD9
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SEQUENTIAL = (0xC0, 0xC1)
_LOSSLESS = (0xC3, 0xC7, 0xCB, 0xCF)
_STANDALONE = (0x01, *range(0xD0, 0xD9))
"""Markers without a length: TEM, the restarts and the start of an image."""
_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
"""What ends the coded data of a scan: a marker other than a restart. A byte FF of the data is followed by 00."""


class Frame(NamedTuple):
    """How the pixels are coded."""

    lossless: bool
    bits: int
    kind: int = 0xC0
    """The marker: C0 and C1 are sequential, C2 is progressive, others are rare."""
    size: tuple[int, int] = (0, 0)
    sampling: Mapping[int, tuple[int, int]] = {}
    """Number of a component -> blocks in a row and in a column of a unit (MCU) with all components."""


class Segment(NamedTuple):
    """What follows a marker that has a length."""

    kind: int
    content: bytes
    end: int
    """Where the next marker or, after the header of a scan, the coded data begins."""


def segments(data: bytes) -> Iterator[Segment]:
    """Yield the segments before the coded data; the last one is the header of the first scan."""
    position = 2
    while marker := _MARKER.search(data, position):
        kind, position = marker[1][0], marker.end()
        if kind == _END_OF_IMAGE:
            return
        if kind not in _STANDALONE:
            end = position + max(int.from_bytes(data[position : position + 2]), 2)
            yield Segment(kind, data[position + 2 : end], end)
            position = end
        if kind == START_OF_SCAN:
            return


def frame(data: bytes) -> Frame:
    """Return how the pixels are coded, as the first frame header says; a usual JPEG where there is none."""
    for kind, content, _ in segments(data):
        if kind in _FRAME_HEADERS:
            return _frame(kind, content)
    return Frame(lossless=False, bits=8)


def _frame(kind: int, content: bytes) -> Frame:
    lossless = kind in _LOSSLESS
    if len(content) < 6 or len(content) < 6 + 3 * content[5]:
        return Frame(lossless, content[0] if content else 8)
    size = int.from_bytes(content[3:5]), int.from_bytes(content[1:3])
    components = (content[at : at + 2] for at in range(6, 6 + 3 * content[5], 3))
    return Frame(lossless, content[0], kind, size, {number: (both >> 4, both & 15) for number, both in components})


def has_more_scans(data: bytes, most: int) -> bool:
    """Return whether there are more scans than this before the end of the image.

    What comes behind the end is not part of the picture: phones put films, other pictures and depth maps there.
    """
    if _has_one_scan(data) or data.count(SCAN) <= most:
        return False  # the quick ways: to read all markers takes 10 ms per megabyte
    found, position = 0, 2
    while found <= most and (marker := _MARKER.search(data, position)):
        kind, position = marker[1][0], marker.end()
        if kind == _END_OF_IMAGE:
            break
        found += kind == START_OF_SCAN
        if kind not in _STANDALONE:
            position += max(int.from_bytes(data[position : position + 2]), 2)
    return found > most


def _has_one_scan(data: bytes) -> bool:
    """Return whether the first scan has all components of a sequential frame: decoders read no other one then."""
    components = -1
    for kind, content, _ in segments(data):
        if kind in _SEQUENTIAL and len(content) > 5:
            components = content[5]
        elif kind in _FRAME_HEADERS:
            return False
        elif kind == START_OF_SCAN:
            return content[:1] == bytes([components]) if components > 0 else False
    return False

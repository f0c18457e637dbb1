"""Read what a JPEG's markers say, without decoding it."""

import re
from typing import NamedTuple

_START_OF_SCAN = 0xDA
_SCAN = bytes([0xFF, _START_OF_SCAN])
_END_OF_IMAGE = 0xD9
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_LOSSLESS = (0xC3, 0xC7, 0xCB, 0xCF)
_PROGRESSIVE = (0xC2, 0xC6, 0xCA, 0xCE)
_STANDALONE = (0x01, *range(0xD0, 0xD9))
"""Markers without a length: TEM, the restarts and the start of an image."""
_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
"""What ends the coded data of a scan: a marker other than a restart. A byte FF of the data is followed by 00."""


class Frame(NamedTuple):
    """How the pixels are coded."""

    lossless: bool
    bits: int
    one_scan: bool = False
    """The first scan has all components, and decoders read no other one."""


def frame(data: bytes) -> Frame:
    """Return how the pixels are coded, as the first frame header says; a usual JPEG where there is none."""
    position, components, found = 2, b"", Frame(lossless=False, bits=8)
    while marker := _MARKER.search(data, position):
        kind, position = marker[1][0], marker.end()
        if kind == _START_OF_SCAN and components == data[position + 2 : position + 3]:
            return found._replace(one_scan=bool(components))
        if kind in (_START_OF_SCAN, _END_OF_IMAGE):
            break
        if kind in _FRAME_HEADERS and not components:
            found = Frame(kind in _LOSSLESS, data[position + 2] if position + 2 < len(data) else 8)
            components = b"" if kind in _PROGRESSIVE else data[position + 7 : position + 8]
            if not components:
                break
        if kind not in _STANDALONE:
            position += max(int.from_bytes(data[position : position + 2]), 2)
    return found


def has_more_scans(data: bytes, most: int) -> bool:
    """Return whether there are more scans than this before the end of the image.

    What comes behind the end is not part of the picture: phones put films, other pictures and depth maps there.
    """
    if frame(data).one_scan or data.count(_SCAN) <= most:
        return False  # the quick ways: to read all markers takes 10 ms per megabyte
    found, position = 0, 2
    while found <= most and (marker := _MARKER.search(data, position)):
        kind, position = marker[1][0], marker.end()
        if kind == _END_OF_IMAGE:
            break
        found += kind == _START_OF_SCAN
        if kind not in _STANDALONE:
            position += max(int.from_bytes(data[position : position + 2]), 2)
    return found > most

"""Find out what a JPEG lacks: libjpeg shows gray or coarse parts for it and says nothing that Pillow passes on.

Most JPEGs have one scan with all colours. The decoder gets its coded data with some bytes behind it in place of the end
marker: where data is missing, it asks for more and stops with an error. Where there are several scans, the headers say
whether all of every colour has come; what the last one lacks is not found.
"""

import re
from collections.abc import Iterator

from umbel_core.contract.warnings import ResultWarning
from worker.codecs.jpeg import SCAN, START_OF_SCAN, Frame, Segment, frame, segments

_END = re.compile(b"\xff\xd9")
"""A pattern, which finds the end marker in half of the time of `bytes.find`."""
_TABLES, _RESTARTS = 0xC4, 0xDD
_SEQUENTIAL, _PROGRESSIVE = (0xC0, 0xC1), 0xC2
_FILLER = b"\xff\x00" * 16
"""Behind the coded data: more than a decoder reads ahead, and no code of any table, so that it makes no pixels."""
_PADDING = b"\0\xff"
_LAST_ZEROS = 8
"""Bytes that may belong to the data when zeros follow it."""
_COEFFICIENTS = 64
_ZEROS = 512
"""More zero bytes in a row than the finer parts of a progressive JPEG have: plain areas are written as their length."""
_COARSE = "Data of the JPEG is missing: parts of the result are coarser than the picture was, or wrong."


class DamagedError(ValueError):
    """The coded data cannot be what a camera or a program wrote."""


def checked(data: bytes) -> tuple[bytes, list[ResultWarning]]:
    """Return what the decoder gets, and what the picture lacks; raise an error when it lacks too much.

    `EOFError` means that the end is missing, `DamagedError` that something else is.
    """
    before, found = list(segments(data)), frame(data)
    if not before or before[-1].kind != START_OF_SCAN or not found.sampling:
        return data, []
    if found.kind in _SEQUENTIAL and before[-1].content[:1] == bytes([len(found.sampling)]):
        return _one_scan(data, before, found), []
    if found.kind in (*_SEQUENTIAL, _PROGRESSIVE):
        return data, _several_scans(data, before[-1].end, found)
    return data, []


def is_checked_by_decoding(data: bytes) -> bool:
    """Return whether the decoder finds out that data is missing."""
    return data.endswith(_FILLER)


def _one_scan(data: bytes, before: list[Segment], found: Frame) -> bytes:
    start = before[-1].end
    interval = next((int.from_bytes(each.content[:2]) for each in before if each.kind == _RESTARTS), 0)
    end = _END.search(data, start)
    stop = end.start() if end else len(data)
    if interval and end:
        # All markers count, and the bytes FF of which a file may have any number before one.
        markers = data.count(b"\xff", start, stop) - data.count(b"\xff\x00", start, stop)
        if markers < -(-_units(found) // interval) - 1:
            raise DamagedError("restart markers are missing")
    if (zeros := _unseen_zeros(before, found)) and (at := data.find(bytes(zeros), start, stop)) >= 0:
        if data[at:stop].strip(_PADDING):
            raise DamagedError("zeros in place of data")
        stop = at + _LAST_ZEROS
    return data[:stop] + _FILLER


def _units(found: Frame) -> int:
    """Return the number of units (MCU) of the picture."""
    across = max(wide for wide, _ in found.sampling.values())
    down = max(high for _, high in found.sampling.values())
    if len(found.sampling) == 1:
        across = down = 1
    return -(-found.size[0] // (8 * across)) * -(-found.size[1] // (8 * down))


def _unseen_zeros(before: list[Segment], found: Frame) -> int | None:
    """Return how many zero bytes in a row no real picture has; None where it may have any number of them.

    In most tables, zeros are the code of a coefficient, so that many zeros are blocks in which each coefficient is the
    same, which no camera sees. In others they are the code of an empty block, and any number of them is a plain area.
    """
    shortest = dict(_shortest_codes(before))
    scan, bits, seen = before[-1].content, 0, False
    for number, tables in zip(scan[1::2], scan[2::2], strict=False):
        if number not in found.sampling:
            break
        wide, high = found.sampling[number]
        (dc_length, dc), (length, value) = (
            shortest.get((0, tables >> 4), (16, 0)),
            shortest.get((1, tables & 15), (16, 0)),
        )
        codes = 63 // (value // 16 + 1) if value else 1
        seen |= value % 16 > 0
        bits += wide * high * (dc_length + dc + codes * (length + value % 16))
    return max(2 * bits // 8, 64) if seen else None


def _shortest_codes(before: list[Segment]) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Yield class and number of each table -> length and meaning of its first code, which has only zero bits."""
    for kind, content, _ in before:
        at = 0
        while kind == _TABLES and at + 17 < len(content):
            lengths = content[at + 1 : at + 17]
            length = next((n for n, count in enumerate(lengths, 1) if count), 16)
            yield (content[at] >> 4, content[at] & 15), (length, content[at + 17])
            at += 17 + sum(lengths)


def _several_scans(data: bytes, start: int, found: Frame) -> list[ResultWarning]:
    """Return the warnings about a picture of which each scan brings one colour, or makes all of them finer."""
    missing = {number: [_COEFFICIENTS] * _COEFFICIENTS for number in found.sampling}
    zeros = False
    for header, coded in _scans(data, start):
        count = header[0]
        first, last, bits = header[1 + 2 * count], header[2 + 2 * count], header[3 + 2 * count] & 15
        zeros |= first > 0 and bytes(_ZEROS) in coded
        for number in header[1 : 1 + 2 * count : 2]:
            for coefficient in range(first, min(last + 1, _COEFFICIENTS)):
                missing.get(number, [0] * _COEFFICIENTS)[coefficient] = bits
    coefficients = [bits for of_colour in missing.values() for bits in of_colour]
    without = [bits == _COEFFICIENTS for bits in coefficients]
    if any(without[::_COEFFICIENTS]) or sum(not each for each in without) == len(missing):
        raise EOFError("a colour has not come, or only its coarsest blocks")
    return [ResultWarning(code="data_missing", message=_COARSE)] if zeros or any(coefficients) else []


def _scans(data: bytes, start: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the header of each scan, and what follows it up to the next; the first header ends at `start`."""
    found = _END.search(data, start)
    end = found.start() if found else len(data)
    at = data.rfind(SCAN, 0, start)
    while 0 <= at < end:
        size = int.from_bytes(data[at + 2 : at + 4])
        header, after = data[at + 4 : at + 2 + size], data.find(SCAN, at + 2, end)
        if header and size == 6 + 2 * header[0]:
            yield header, data[at + 2 + size : after if after >= 0 else end]
        at = after

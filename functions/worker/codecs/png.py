"""Read a PNG's chunks as viewers do: what the pixels need must be whole, what is damaged beside them is left out.

Pillow refuses a file for the wrong checksum of a date or for a long comment, does not look at the checksum of the
pixels, and takes a transparent colour of 2, 4 or 16 bits for one of 8.
"""

import struct
import zlib
from collections.abc import Iterator

import msgspec

from worker.codecs import space

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_ANCILLARY = 0x20
"""This bit of a chunk's name says that the picture can be shown without it."""
_KEPT = frozenset([b"tRNS", b"acTL", b"fcTL", b"fdAT", b"pHYs"])
"""The ancillary chunks that Pillow gets: transparency, animation and resolution."""
_COLOURS = frozenset([b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM"])
_MOST_CHUNKS = 200_000
"""A file of 50 MB has some ten thousand. Each one takes time, and an empty one only twelve bytes."""
_LARGEST_PROFILE = 4_000_000
"""Bytes. A profile for printing has about two million. Larger ones are ignored, because profiles are cached."""


class Chunks(msgspec.Struct):
    """What a PNG's chunks say."""

    data: bytes
    """The file with the chunks that its pixels need."""
    profile: bytes | None = None
    """The ICC profile of the pixels' colours, in the file or made of its numbers."""
    exif: bytes | None = None


def read(data: bytes) -> Chunks:
    """Return what the chunks say; raise `ValueError` when one that the pixels need is damaged."""
    found, view = Chunks(data), memoryview(data)
    kept: list[bytes | memoryview] = [_SIGNATURE]
    end, header = len(_SIGNATURE), b""
    colours: dict[bytes, bytes] = {}
    for count, (name, start, stop) in enumerate(_chunks(data)):
        if count > _MOST_CHUNKS:
            raise ValueError("too many chunks")
        end, critical = stop + 4, not name[0] & _ANCILLARY
        if zlib.crc32(view[start - 4 : stop]) != int.from_bytes(view[stop:end]):
            if critical:
                raise ValueError(f"wrong checksum of {name!r}")
            continue
        if name == b"IHDR":
            header = data[start:stop]
        elif name in _COLOURS:
            colours.setdefault(name, data[start:stop])
        elif name == b"eXIf":
            found.exif = data[start:stop]
        if name == b"tRNS":
            kept.append(_chunk(name, _eight_bits(data[start:stop], header)))
        elif critical or name in _KEPT:
            kept.append(view[start - 8 : end])
    found.data = b"".join([*kept, view[end:]])
    found.profile = _profile_of(colours, gray=not header[9:10] or header[9] in (0, 4))
    return found


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and stop of the content of each chunk that is there as a whole."""
    position = len(_SIGNATURE)
    while (start := position + 8) <= len(data):
        name, stop = data[position + 4 : start], start + int.from_bytes(data[position : position + 4])
        if stop + 4 > len(data) or not name.isalpha():
            return
        yield name, start, stop
        if name == b"IEND":
            return
        position = stop + 4


def _chunk(name: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4) + name + content + zlib.crc32(name + content).to_bytes(4)


def _eight_bits(key: bytes, header: bytes) -> bytes:
    """Return a transparent colour as Pillow has the pixels that it is compared with: with 8 bits.

    Gray of 16 bits stays: Pillow keeps all of them. A file with a palette has no key, but an alpha for each colour.
    """
    depth, gray, colour = header[8], header[9] == 0, header[9] == 2
    if not ((colour and depth == 16) or (gray and depth in (2, 4, 8))):
        return key
    values = [int.from_bytes(key[at : at + 2]) for at in range(0, len(key) - 1, 2)]
    scaled = [value >> 8 if depth == 16 else (value & (1 << depth) - 1) * 255 // ((1 << depth) - 1) for value in values]
    return b"".join(value.to_bytes(2) for value in scaled)


def _profile_of(colours: dict[bytes, bytes], *, gray: bool) -> bytes | None:
    """Return the profile by the chunk that counts: cICP before iCCP, sRGB, and gAMA with cHRM."""
    if (code_points := colours.get(b"cICP")) and len(code_points) == 4 and code_points[2:] == b"\0\1" and not gray:
        return space.of_code_points(*code_points[:2])
    if (packed := colours.get(b"iCCP")) and (profile := _profile(packed)):
        return profile
    gamma, primaries = colours.get(b"gAMA", b""), colours.get(b"cHRM", b"")
    if b"sRGB" in colours or len(gamma) != 4 or not any(gamma):
        return None
    points = None
    if len(primaries) == 32:
        values = [value / 100_000 for value in struct.unpack(">8I", primaries)]
        points = (values[0], values[1]), (values[2], values[3]), (values[4], values[5]), (values[6], values[7])
    return space.of_gamma(int.from_bytes(gamma) / 100_000, points, gray=gray)


def _profile(content: bytes) -> bytes | None:
    """Return the colour profile, which follows its name and the method of compression; None when it is no good."""
    compressed = content.partition(b"\0")[2][1:]
    unpacker = zlib.decompressobj()
    try:
        profile = unpacker.decompress(compressed, _LARGEST_PROFILE)
    except zlib.error:
        return None
    return None if unpacker.unconsumed_tail else profile

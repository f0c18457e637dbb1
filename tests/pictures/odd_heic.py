"""HEICs as phones write them: coded pixels from the files in `heic/`, the boxes around them are made here."""

import struct
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.pictures.odd_avif import box, full_box

_FOLDER = Path(__file__).parent / "heic"
ALPHA = b"urn:mpeg:hevc:2015:auxid:1"


class Item(NamedTuple):
    """A picture, or data about one."""

    kind: bytes
    content: bytes
    properties: tuple[bytes, ...] = ()


@cache
def stored(name: str) -> bytes:
    """Return one of the files."""
    return (_FOLDER / f"{name}.heic").read_bytes()


def coded(name: str, *more: bytes) -> Item:
    """Return the picture of a file with these properties besides its usual ones, in their order."""
    data = stored(name)
    usual = (_property(data, b"hvcC"), _property(data, b"ispe"), _property(data, b"pixi"))
    return Item(b"hvc1", data[data.index(b"mdat") + 4 :], (*usual, *more))


def aperture_of(name: str) -> bytes:
    """Return the part of a file's picture that is shown: the coded one is 64 pixels wide at least."""
    return _property(stored(name), b"clap")


def heic(*items: Item, references: bytes = b"", brand: bytes = b"heic") -> bytes:
    """Return a file of these items, numbered from 1, of which the first is its picture."""
    properties = list(dict.fromkeys(each for item in items for each in item.properties))
    used = b"".join(
        struct.pack(">HB", number, len(item.properties))
        + bytes(0x80 | properties.index(each) + 1 for each in item.properties)
        for number, item in enumerate(items, 1)
    )
    entries = b"".join(
        full_box(b"infe", struct.pack(">HH", number, 0) + item.kind + b"\0", version=2)
        for number, item in enumerate(items, 1)
    )

    def before(start: int) -> bytes:
        places = b""
        for number, item in enumerate(items, 1):
            places += struct.pack(">HHHII", number, 0, 1, start, len(item.content))
            start += len(item.content)
        parts = [
            full_box(b"hdlr", bytes(4) + b"pict" + bytes(13)),
            full_box(b"pitm", struct.pack(">H", 1)),
            full_box(b"iloc", b"\x44\0" + struct.pack(">H", len(items)) + places),
            full_box(b"iinf", struct.pack(">H", len(items)) + entries),
            box(b"iprp", box(b"ipco", b"".join(properties)) + full_box(b"ipma", struct.pack(">I", len(items)) + used)),
            full_box(b"iref", references) if references else b"",
        ]
        return box(b"ftyp", brand + bytes(4) + b"mif1" + brand) + full_box(b"meta", b"".join(parts))

    return before(len(before(0)) + 8) + box(b"mdat", b"".join(item.content for item in items))


def reference(kind: bytes, source: int, *targets: int) -> bytes:
    """Return what one item says of others: `dimg`, it is made of them; `cdsc`, it describes them."""
    return box(kind, struct.pack(f">HH{len(targets)}H", source, len(targets), *targets))


def grid(columns: int, width: int, height: int, rows: int = 1) -> Item:
    """Return a picture made of rows of others."""
    size = full_box(b"ispe", struct.pack(">II", width, height))
    return Item(b"grid", bytes([0, 0, rows - 1, columns - 1]) + struct.pack(">HH", width, height), (size,))


def exif(data: bytes) -> Item:
    """Return EXIF data as an item."""
    return Item(b"Exif", struct.pack(">I", 0) + data.removeprefix(b"Exif\0\0"))


def auxiliary(kind: bytes) -> bytes:
    """Return the property that says what a picture beside the main one is for."""
    return full_box(b"auxC", kind + b"\0")


def profile(content: bytes) -> bytes:
    """Return the property that holds a colour profile."""
    return box(b"colr", b"prof" + content)


def mirrored(axis: int) -> bytes:
    """Return a reflection: axis 0 exchanges top and bottom, 1 left and right."""
    return box(b"imir", bytes([axis]))


def _property(data: bytes, name: bytes) -> bytes:
    at = data.index(name) - 4
    return data[at : at + int.from_bytes(data[at : at + 4])]

"""TIFFs that Pillow does not write: previews before the picture, camera raw files, pixels of unusual kinds."""

import struct
from typing import Any

from PIL import Image

_SUBFILE, _SIZE, _BITS, _COMPRESSION, _PHOTOMETRIC = 254, (256, 257), 258, 259, 262
_STRIP, _SAMPLES, _ROWS, _BYTES, _SUB_DIRECTORIES, _SAMPLE_FORMAT, _DNG_VERSION = 273, 277, 278, 279, 330, 339, 50706
_SHORT, _LONG = 3, 4
_RGB, _MOSAIC = 2, 32803
_FLOAT = 3

Fields = dict[int, list[int]]


def preview_first(picture: Image.Image) -> bytes:
    """Return a TIFF whose first page is a small preview, in other colours, of the second."""
    preview = Image.new("RGB", (6, 4), "magenta")
    return tiff([{**_rgb(preview), _SUBFILE: [1]}, _rgb(picture)], [preview.tobytes(), picture.tobytes()])


def raws() -> dict[str, bytes]:
    """Return name -> camera raw file, each with a small preview as its first page."""
    preview = Image.new("RGB", (6, 4), "magenta")
    pixels = preview.tobytes()
    mosaic = {**_rgb(preview), _PHOTOMETRIC: [_MOSAIC]}
    usual = tiff([_rgb(preview)], [pixels])
    return {
        "dng": tiff([{**_rgb(preview), _DNG_VERSION: [1, 4, 0, 0]}], [pixels]),
        "raw in another page": tiff([_rgb(preview), mosaic], [pixels, pixels]),
        "raw in a directory of the page": tiff([_rgb(preview)], [pixels], inner=mosaic),
        "raw of big-endian order": tiff([_rgb(preview)], [pixels], inner=mosaic, order=">"),
        "raw of a maker's compression": tiff([{**_rgb(preview), _COMPRESSION: [34713]}], [pixels]),
        "cr2": usual[:8] + b"CR" + usual[10:],
        "raf": b"FUJIFILMCCD-RAW 0201" + bytes(200),
        "cr3": b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(200),
    }


def tiff_of_pixels(photometric: int, bits: list[int], *, floats: bool = False) -> bytes:
    """Return a TIFF of 4 x 4 pixels, each a value of every number of bits."""
    fields = {_SIZE[0]: [4], _SIZE[1]: [4], _BITS: bits, _PHOTOMETRIC: [photometric], _SAMPLES: [len(bits)]}
    more = {_SAMPLE_FORMAT: [_FLOAT] * len(bits)} if floats else {}
    return tiff([fields | more], [bytes(4 * 4 * sum(bits) // 8)])


def tiff(pages: list[Fields], pixels: list[bytes], *, inner: Fields | None = None, order: str = "<") -> bytes:
    """Write a TIFF of pages; `inner` is a directory inside the first of them."""
    start = b"II*\0" if order == "<" else b"MM\0*"
    data = struct.pack(order + "4sI", start, 8)
    sub = []
    if inner:
        at = len(data) + 6
        data = struct.pack(order + "4sI", start, at + len(_directory(inner, at, order)))
        data += bytes(6) + _directory(inner, at, order)
        sub = [at]
    for number, (page, coded) in enumerate(zip(pages, pixels, strict=True)):
        fields = page | ({_SUB_DIRECTORIES: sub} if sub and not number else {})
        at = len(data)
        empty = _directory(fields | {_STRIP: [0], _ROWS: fields[_SIZE[1]], _BYTES: [len(coded)]}, at, order)
        strip = {_STRIP: [at + len(empty)], _ROWS: fields[_SIZE[1]], _BYTES: [len(coded)]}
        following = 0 if number == len(pages) - 1 else at + len(empty) + len(coded)
        data += _directory(fields | strip, at, order, following) + coded
    return data


def _rgb(picture: Image.Image) -> Fields:
    width, height = picture.size
    return {_SIZE[0]: [width], _SIZE[1]: [height], _BITS: [8, 8, 8], _PHOTOMETRIC: [_RGB], _SAMPLES: [3]}


def _directory(fields: Fields, at: int, order: str, following: int = 0) -> bytes:
    """Return a directory at a position, with the values that do not fit into its fields behind it."""
    entries, behind = [], b""
    behind_at = at + 2 + 12 * len(fields) + 4
    for tag, values in sorted(fields.items()):
        kind: Any = _LONG if max(values) > 0xFFFF or tag in (_STRIP, _BYTES, _SUB_DIRECTORIES) else _SHORT
        packed = struct.pack(f"{order}{len(values)}{'I' if kind == _LONG else 'H'}", *values)
        if len(packed) > 4:
            packed, behind = struct.pack(order + "I", behind_at + len(behind)), behind + packed
        entries.append(struct.pack(order + "HHI", tag, kind, len(values)) + packed.ljust(4, b"\0"))
    return struct.pack(order + "H", len(entries)) + b"".join(entries) + struct.pack(order + "I", following) + behind

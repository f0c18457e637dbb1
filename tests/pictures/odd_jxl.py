"""JPEG XLs of the scene. The plugin's encoder makes them; the worker's decoder is another part of it."""

import struct
from io import BytesIO

from PIL import Image
from pillow_jxl import JpegXLImagePlugin

from tests.pictures.odd_avif import box

SIGNATURE = b"\0\0\0\x0cJXL \r\n\x87\n"


def jxl(picture: Image.Image, **settings: object) -> bytes:
    """Encode the picture as a bare codestream; as one in boxes with `use_container`."""
    out = BytesIO()
    copy = picture.copy()
    copy.encoderinfo = {"lossless": True, **settings}
    # Its own registration would replace the worker's decoder.
    JpegXLImagePlugin._save(copy, out, "")  # type: ignore[no-untyped-call]
    return out.getvalue()


def in_boxes(codestream: bytes, *before: bytes) -> bytes:
    """Return a file of boxes with these before the picture, which is in two parts."""
    kind = box(b"ftyp", b"jxl " + bytes(4) + b"jxl ")
    middle = len(codestream) // 2
    parts = ((0, codestream[:middle]), (1 | 1 << 31, codestream[middle:]))
    return (
        SIGNATURE + kind + b"".join(before) + b"".join(box(b"jxlp", struct.pack(">I", n) + part) for n, part in parts)
    )


def exif(data: bytes) -> bytes:
    """Return the box with EXIF data."""
    return box(b"Exif", bytes(4) + data.removeprefix(b"Exif\0\0"))

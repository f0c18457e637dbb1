"""Read PNG, write PNG and JPEG with libvips: PNG in less than half of Pillow's time, JPEG without a copy of the pixels.

It reads only files in which it finds no error at all. Pillow reads the others, and decides what is refused.
"""

from collections.abc import Callable
from typing import Any

from PIL.Image import Image
from PIL.ImageFile import ImageFile

from umbel_imaging.pending import Pending, steps_of
from umbel_imaging.vips import library, to_vips

_MODES = {0: "L", 2: "RGB", 4: "LA", 6: "RGBA"}
"""Colour type of a PNG -> Pillow's mode, which has the same bytes."""
_LEAST_ENCODED = 10_000
"""Pixels. Pillow takes so long to encode a PNG that libvips pays for small ones."""
_HEADER = slice(16, 29)
_RESOLUTION = b"\0\0\0\x09pHYs"
_RESOLUTION_SIZE = 21
_JFIF = b"\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
"""The usual first segment of a JPEG, with no resolution. libvips leaves it out with all other metadata."""


def decoded(data: bytes, header: ImageFile, shrink: int, by_pillow: Callable[[], Image]) -> Image | None:
    """Return a PNG with 8 bits per colour, averaged down by a factor if that is easy; None when Pillow has to do it."""
    *_, bits, colour_type, _, _, interlaced = data[_HEADER]
    mode = _MODES.get(colour_type)
    if bits != 8 or mode != header.mode or interlaced or "transparency" in header.info:
        return None
    vips = library(header.width * header.height)
    if not vips:
        return None
    try:
        picture = vips.Image.pngload_buffer(data, access="sequential", fail_on="warning")
    except vips.Error:
        return None
    if shrink == 1 or mode.endswith("A") or header.width % shrink or header.height % shrink:
        return Pending(picture, mode, by_pillow)
    return Pending(picture.shrink(shrink, shrink), mode, lambda: by_pillow().reduce(shrink))


def encoded(image: Image, name: str, settings: dict[str, Any]) -> bytes | None:
    """Return a PNG, or the JPEG of a picture that is not yet computed; None when Pillow has to encode it."""
    save = {"png": _png, "jpeg": _jpeg if steps_of(image) else None}.get(name)
    picture = to_vips(image, least=_LEAST_ENCODED) if save else None
    if not (save and picture):
        return None
    vips = library(image.width * image.height, 0)
    try:
        return save(picture, **settings)
    except vips.Error:
        return None


def _png(picture: Any, compress_level: int) -> bytes:
    """Return a PNG with zlib's level of compression.

    Level 2, of the differences to the row above, takes a third of the time of Pillow's level 2 and has 2 % fewer bytes.
    """
    data: bytes = picture.pngsave_buffer(
        compression=compress_level, filter="up" if compress_level < 4 else "all", keep="none"
    )
    at = data.index(_RESOLUTION)  # libvips always writes one
    return data[:at] + data[at + _RESOLUTION_SIZE :]


def _jpeg(picture: Any, quality: int, subsampling: str, *, progressive: bool = False) -> bytes:
    """Return a JPEG, the same as Pillow's, which has the same encoder."""
    assert subsampling == "4:2:0"
    data: bytes = picture.jpegsave_buffer(Q=quality, subsample_mode="on", interlace=progressive, keep="none")
    return data[:2] + _JFIF + data[2:]

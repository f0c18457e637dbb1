"""Read and write PNG with libvips, in less than half of Pillow's time.

It reads only files in which it finds no error at all. Pillow reads the others, and decides what is refused.
"""

from typing import Any

from PIL.Image import Image
from PIL.ImageFile import ImageFile

from umbel_imaging.vips import library, to_pillow, to_vips

_MODES = {0: "L", 2: "RGB", 4: "LA", 6: "RGBA"}
"""Colour type of a PNG -> Pillow's mode, which has the same bytes."""
_LEAST_ENCODED = 10_000
"""Pixels. Pillow takes so long to encode a PNG that libvips pays for small ones."""
_HEADER = slice(16, 29)
_RESOLUTION = b"\0\0\0\x09pHYs"
_RESOLUTION_SIZE = 21


def decoded(data: bytes, header: ImageFile, shrink: int = 1) -> Image | None:
    """Return the pixels of a PNG with 8 bits per colour, averaged down by a factor; None when Pillow has to do it."""
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
    if mode.endswith("A") or header.width % shrink or header.height % shrink:
        whole = to_pillow(picture, mode)
        return whole.reduce(shrink) if whole and shrink > 1 else whole
    return to_pillow(picture.shrink(shrink, shrink), mode)


def encoded(image: Image, level: int = 2) -> bytes | None:
    """Return the picture as a PNG with zlib's level of compression; None when Pillow has to encode it.

    Level 2, of the differences to the row above, takes a third of the time of Pillow's level 2 and has 2 % fewer bytes.
    """
    picture: Any = to_vips(image, least=_LEAST_ENCODED)
    if picture is None:
        return None
    gray = {"interpretation": "b-w"} if image.mode in ("L", "LA") else {"interpretation": "srgb"}
    data: bytes = picture.copy(**gray).pngsave_buffer(
        compression=level, filter="up" if level < 4 else "all", keep="none"
    )
    at = data.index(_RESOLUTION)  # libvips always writes one
    return data[:at] + data[at + _RESOLUTION_SIZE :]

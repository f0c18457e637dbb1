"""Find what a picture has besides the colour of its corner."""

from PIL.Image import Image

from umbel_imaging.alpha import premultiplied

Bounds = tuple[int, int, int, int]
_STRIP = 256
"""Rows that are compared at a time, so that no copy of a large picture is held."""


def content(image: Image, threshold: int) -> Bounds | None:
    """Return the box of all pixels that differ from the left upper one; None when there are none.

    A pixel differs when one of its channels is more than `threshold` away. Clear pixels are equal, whatever colour they
    hide.
    """
    corner = _strip(image, 0, 1).getpixel((0, 0))
    tables = [
        [255 * (abs(value - own) > threshold) for value in range(256)]
        for own in (corner if isinstance(corner, tuple) else (corner,))
    ]
    boxes = [
        (box[0], top + box[1], box[2], top + box[3])
        for top in range(0, image.height, _STRIP)
        for band, table in zip(_strip(image, top, top + _STRIP).split(), tables, strict=True)
        if (box := band.point(table).getbbox())
    ]
    if not boxes:
        return None
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _strip(image: Image, top: int, bottom: int) -> Image:
    strip = image.crop((0, top, image.width, min(bottom, image.height)))
    return premultiplied(strip)

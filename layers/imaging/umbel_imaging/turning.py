"""Turn a picture by any angle."""

import math

from PIL.Image import Image, Resampling, Transform, Transpose

from umbel_imaging import vips
from umbel_imaging.canvas import check_size, on_canvas
from umbel_imaging.colours import Rgba, ink, mode_for
from umbel_imaging.geometry import Size

_QUARTERS = {90: Transpose.ROTATE_270, 180: Transpose.ROTATE_180, 270: Transpose.ROTATE_90}
_BORDER = 2
"""Pixels of background around the picture, with which its outermost pixels are mixed, so that the edges are smooth."""


def turned(image: Image, angle: float, background: Rgba) -> Image:
    """Return the picture turned clockwise by an angle in degrees; the result has room for all of it."""
    if angle % 90 == 0:
        quarter = _QUARTERS.get(int(angle % 360))
        return image if quarter is None else image.transpose(quarter)
    size = turned_size(image.size, angle)
    check_size(size)
    bordered = image.width + 2 * _BORDER, image.height + 2 * _BORDER
    canvas = on_canvas(vips.in_memory(image), bordered, (_BORDER, _BORDER), background)
    del image  # only the canvas and the result are held
    matrix = _matrix(bordered, size, math.radians(angle))
    fill = ink(_premultiplied(background), mode_for(canvas.mode, background))

    def by_pillow() -> Image:
        return canvas.transform(size, Transform.AFFINE, matrix, Resampling.BICUBIC, fillcolor=fill)

    return vips.mapped(canvas, size, matrix, fill, by_pillow)


def turned_size(size: Size, angle: float) -> Size:
    """Return the size of the smallest upright rectangle that holds the turned picture."""
    sine, cosine = abs(math.sin(math.radians(angle))), abs(math.cos(math.radians(angle)))
    width, height = size
    return (
        math.ceil(width * cosine + height * sine - 1e-6),
        math.ceil(width * sine + height * cosine - 1e-6),
    )


def _matrix(inner: Size, outer: Size, angle: float) -> tuple[float, ...]:
    """Return which place of the picture each place of the result shows; both turn around their middles."""
    sine, cosine = math.sin(angle), math.cos(angle)
    across, down = outer[0] / 2, outer[1] / 2
    left = inner[0] / 2 - cosine * across - sine * down
    top = inner[1] / 2 + sine * across - cosine * down
    return cosine, sine, left, -sine, cosine, top


def _premultiplied(colour: Rgba) -> Rgba:
    """Return the colour as Pillow needs it, which transforms pictures with alpha in premultiplied colours."""
    red, green, blue, alpha = colour
    return red * alpha // 255, green * alpha // 255, blue * alpha // 255, alpha

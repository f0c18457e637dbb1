"""libvips beside Pillow: pixels from one to the other, and the steps that take Pillow two to five times as long.

It is loaded when a picture is large enough for it to pay. Where it is missing, a picture is too large for another copy,
or something goes wrong, Pillow does the step: each has a function that does (docs/decisions/0020).
"""

import math
import os
from collections.abc import Callable
from functools import cache
from importlib import import_module
from io import BytesIO
from typing import Any

from PIL.Image import Image

from umbel_imaging.alpha import premultiplied, straight
from umbel_imaging.pending import Pending, part_of, steps_of

ByPillow = Callable[[], Image]
"""Does a step in Pillow."""

_LEAST, _MOST = 60_000, 50_000_000
"""Pixels. To load libvips takes 25 ms; and a copy of more pixels takes memory that the limits do not reckon with."""
_BANDS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "La": 2, "RGBa": 4}
_WITHOUT_ALPHA = ("L", "RGB")
_lost: list[bool] = []
"""Not empty in a process that was forked from one that used libvips: its threads are not there."""


@cache
def _library() -> Any:
    """Return pyvips, or None where there is no package of it for the machine."""
    try:
        vips = import_module("pyvips")
        import_module("PIL.PpmImagePlugin")
    except (ImportError, OSError):
        return None
    vips.concurrency_set(1)  # a lane has about one core
    vips.cache_set_max(0)
    # Of files, it reads only what `worker.codecs.png_libvips` gives it.
    vips.operation_block_set("VipsForeignLoad", True)
    vips.operation_block_set("VipsForeignLoadPngBuffer", False)
    os.register_at_fork(after_in_child=lambda: _lost.append(True))
    return vips


def library(pixels: int, least: int = _LEAST) -> Any:
    """Return pyvips if it pays to use it for so many pixels, else None."""
    return _library() if least <= pixels <= _MOST and not _lost else None


def to_vips(image: Image, pixels: int = 0, least: int = _LEAST) -> Any:
    """Return the picture for libvips, or None when Pillow is to do the work, which makes so many pixels."""
    vips = library(max(image.width * image.height, pixels), least) if image.mode in _BANDS else None
    if not vips:
        return None
    if steps := steps_of(image):
        return steps
    colours = "b-w" if image.mode.startswith("L") else "srgb"
    made = vips.Image.new_from_memory(_pixels(image), *image.size, _BANDS[image.mode], "uchar")
    return made.copy(interpretation=colours)


def in_memory(image: Image) -> Image:
    """Return the picture as libvips has it in memory, so that further steps make no copies; else the picture itself."""
    picture = to_vips(image) if image.mode in _WITHOUT_ALPHA else None
    if picture is None:
        return image
    try:
        return Pending(picture.copy_memory() if steps_of(image) else picture, image.mode, _out_of_memory)
    except _library().Error:
        return image


def _pixels(image: Image) -> Any:
    """Return the bytes of the pixels. `Image.tobytes` would need memory for them twice."""
    if image.mode not in _WITHOUT_ALPHA:
        return image.tobytes()
    out = BytesIO()
    image.save(out, "PPM")
    return out.getbuffer()[-image.width * image.height * _BANDS[image.mode] :]


def resampled(
    image: Image, size: tuple[int, int], box: tuple[float, float, float, float], by_pillow: ByPillow
) -> Image:
    """Return a part of the picture at a size, by Lanczos; libvips has an advantage only where that is smaller."""
    left, top, right, bottom = map(int, box)
    width, height = right - left, bottom - top
    if (left, top, right, bottom) != tuple(box) or size[0] > width or size[1] > height:
        return by_pillow()
    pixels = premultiplied(image if image.size == (width, height) else part_of(image, (left, top, right, bottom)))
    picture = to_vips(pixels, image.width * image.height)
    small = picture and picture.resize(size[0] / width, vscale=size[1] / height, kernel="lanczos3")
    if small is None or (small.width, small.height) != size:
        return by_pillow()
    return straight(Pending(small, pixels.mode, lambda: premultiplied(by_pillow())))


def blurred(image: Image, sigma: float, by_pillow: ByPillow) -> Image:
    """Return the picture softened with a Gaussian of this standard deviation. Its alpha must be multiplied in."""
    picture = to_vips(image) if sigma else None
    return Pending(_convolved(picture, _gaussian(sigma)), image.mode, by_pillow) if picture else by_pillow()


def sharper(image: Image, soft: Image, amount: float, by_pillow: ByPillow) -> Image:
    """Return the picture with so much of its difference to the softened one added."""
    picture, blurred = steps_of(image), steps_of(soft)
    if not (picture and blurred):
        return by_pillow()
    difference = picture - blurred
    change = difference if amount == 1 else difference.linear(amount, 0.5)
    return Pending((picture + change).cast("uchar"), image.mode, by_pillow)


def enlarged(image: Image, factor: int, by_pillow: ByPillow) -> Image:
    """Return the picture with each side multiplied by a power of two, with straight lines between the pixels.

    Its alpha must be multiplied in.
    """
    picture = to_vips(image, image.width * image.height * factor**2)
    if picture is None:
        return by_pillow()
    # Each pixel repeated, then averaged with its neighbours; symmetric, hence only half of the outermost ones.
    large = _convolved(picture.zoom(factor, factor), [1, *[2] * (factor - 1), 1])
    return Pending(large, image.mode, by_pillow)


def on_canvas(
    image: Image, size: tuple[int, int], place: tuple[int, int], colour: tuple[int, ...], by_pillow: ByPillow
) -> Image:
    """Return a picture of a size and colour, in which another one lies that libvips has yet to compute."""
    steps = steps_of(image)
    if steps is None or len(colour) != _BANDS[image.mode]:
        return by_pillow()
    return Pending(steps.embed(*place, *size, extend="background", background=list(colour)), image.mode, by_pillow)


def mapped(
    image: Image, size: tuple[int, int], matrix: tuple[float, ...], background: tuple[int, ...], by_pillow: ByPillow
) -> Image:
    """Return a picture of a size whose pixels are at these places of the given one, as Pillow's `AFFINE` has it.

    The given one must be in memory.
    """
    pixels = premultiplied(image)
    picture = to_vips(pixels, size[0] * size[1])
    if picture is None:
        return by_pillow()
    a, b, left, c, d, top = matrix
    # Pillow's places are those of the pixels' middles, of which the first is at 0.5; with libvips it is at 0.
    left, top = left + (a + b - 1) / 2, top + (c + d - 1) / 2
    scale = a * d - b * c
    forth = [d / scale, -b / scale, -c / scale, a / scale]
    turned = picture.affine(
        forth,
        interpolate=_library().Interpolate.new("bicubic"),
        oarea=[0, 0, *size],
        odx=-(forth[0] * left + forth[1] * top),
        ody=-(forth[2] * left + forth[3] * top),
        background=list(background),
        extend="background",
    )
    return straight(Pending(turned, pixels.mode, lambda: premultiplied(by_pillow())))


def _out_of_memory() -> Image:
    raise MemoryError


def _gaussian(sigma: float) -> list[int]:
    """Return weights whose sum is a power of two, each at most 64.

    libvips takes these as they are. It rounds others, such as those of its own `gaussblur`, and then the whole picture
    becomes lighter or darker by up to two of 255.
    """
    reach = math.ceil(2.8 * sigma)
    exact = [math.exp(-(at**2) / (2 * sigma**2)) for at in range(-reach, reach + 1)]
    total = 2 ** math.floor(math.log2(64 * sum(exact)))
    weights = [round(total * weight / sum(exact)) for weight in exact]
    weights[reach] += total - sum(weights)
    return weights


def _convolved(picture: Any, weights: list[int]) -> Any:
    return picture.convsep(_library().Image.new_from_array([weights], scale=sum(weights)), precision="integer")

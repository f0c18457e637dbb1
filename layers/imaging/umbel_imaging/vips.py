"""libvips beside Pillow: pixels from one to the other, and the steps that take Pillow two to five times as long.

It is loaded when a picture is large enough for it to pay. Where it is missing, or a picture is too large for another
copy, the functions return None and Pillow does the step (docs/decisions/0020).
"""

import math
import os
from functools import cache
from importlib import import_module
from typing import Any

from PIL.Image import Image, frombytes

from umbel_imaging.alpha import premultiplied, straight

_LEAST, _MOST = 60_000, 50_000_000
"""Pixels. To load libvips takes 25 ms; and a copy of more pixels takes memory that the limits do not reckon with."""
_BANDS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "La": 2, "RGBa": 4}
_lost: list[bool] = []
"""Not empty in a process that was forked from one that used libvips: its threads are not there."""


@cache
def _library() -> Any:
    """Return pyvips, or None where there is no package of it for the machine."""
    try:
        vips = import_module("pyvips")
    except (ImportError, OSError):
        return None
    vips.concurrency_set(1)  # a lane has about one core
    vips.cache_set_max(0)
    # Of files, it reads only what `worker.codecs_vips` gives it.
    vips.operation_block_set("VipsForeignLoad", True)
    vips.operation_block_set("VipsForeignLoadPngBuffer", False)
    os.register_at_fork(after_in_child=lambda: _lost.append(True))
    return vips


def library(pixels: int, least: int = _LEAST) -> Any:
    """Return pyvips if it pays to use it for so many pixels, else None."""
    return _library() if least <= pixels <= _MOST and not _lost else None


def to_vips(image: Image, pixels: int = 0, least: int = _LEAST) -> Any:
    """Return a copy of the picture, or None when Pillow is to do the work, which makes a picture of so many pixels."""
    vips = library(max(image.width * image.height, pixels), least) if image.mode in _BANDS else None
    return vips and vips.Image.new_from_memory(image.tobytes(), *image.size, _BANDS[image.mode], "uchar")


def to_pillow(picture: Any, mode: str) -> Image | None:
    """Return the pixels that libvips computes; None when it cannot, for damage or for want of memory."""
    try:
        pixels = picture.write_to_memory()
    except _library().Error:
        return None
    return frombytes(mode, (picture.width, picture.height), pixels)


def resampled(image: Image, size: tuple[int, int], box: tuple[float, float, float, float]) -> Image | None:
    """Return a part of the picture at a smaller size, by Lanczos; None also when libvips has no advantage."""
    left, top, right, bottom = map(int, box)
    width, height = right - left, bottom - top
    if (left, top, right, bottom) != tuple(box) or size[0] > width or size[1] > height:
        return None
    pixels = premultiplied(image)
    picture = to_vips(pixels)
    if picture is None:
        return None
    part = picture.crop(left, top, width, height)
    small = part.resize(size[0] / width, vscale=size[1] / height, kernel="lanczos3")
    made = to_pillow(small, pixels.mode) if (small.width, small.height) == size else None
    return made and straight(made)


def blurred(image: Image, sigma: float) -> Image | None:
    """Return the picture softened with a Gaussian of this standard deviation. Its alpha must be multiplied in."""
    picture = to_vips(image)
    return picture and to_pillow(_convolved(picture, _gaussian(sigma)), image.mode)


def enlarged(image: Image, factor: int) -> Image | None:
    """Return the picture with each side multiplied by a power of two, with straight lines between the pixels.

    Its alpha must be multiplied in.
    """
    picture = to_vips(image, image.width * image.height * factor**2)
    # Each pixel repeated, then averaged with its neighbours; symmetric, hence only half of the outermost ones.
    return picture and to_pillow(_convolved(picture.zoom(factor, factor), [1, *[2] * (factor - 1), 1]), image.mode)


def mapped(
    image: Image, size: tuple[int, int], matrix: tuple[float, ...], background: int | tuple[int, ...]
) -> Image | None:
    """Return a picture of a size whose pixels are at these places of the given one, as Pillow's `AFFINE` has it."""
    pixels = premultiplied(image)
    picture = to_vips(pixels, size[0] * size[1])
    if picture is None:
        return None
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
        background=[background] if isinstance(background, int) else list(background),
        extend="background",
    )
    made = to_pillow(turned, pixels.mode)
    return made and straight(made)


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

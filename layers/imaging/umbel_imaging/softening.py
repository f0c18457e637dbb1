"""Blur and sharpen a picture, by whichever of Pillow and libvips is faster."""

import math

from PIL.Image import Image, Resampling, blend
from PIL.ImageFilter import GaussianBlur

from umbel_core.op import Picture
from umbel_imaging import vips
from umbel_imaging.alpha import premultiplied, straight

_STEPS = {8: 10, 4: 4, 2: 2, 1: 0}
"""Divisor of the decoded size -> the least sigma with which the difference cannot be seen."""


def softened(picture: Picture, sigma: float) -> Image:
    """Return the picture softened with a Gaussian of this standard deviation.

    What a blur takes away need not be decoded: a smaller picture, blurred less and enlarged again, costs a third.
    """
    step = next(step for step, least in _STEPS.items() if sigma >= least)
    small = picture.at_least(*(side / (2.05 * step) for side in picture.size))
    soft, times = premultiplied(small), picture.size[0] / small.width
    if soft.size == picture.size:
        return straight(_blurred(soft, sigma))
    if tuple(side * times for side in small.size) == picture.size and times.is_integer():
        # The decoder's averages and the straight lines of the enlargement soften the picture as well.
        soft = _blurred(soft, math.sqrt(sigma**2 / times**2 - 0.25))
        return straight(vips.enlarged(soft, int(times), lambda: soft.resize(picture.size, Resampling.BICUBIC)))
    return straight(_blurred(soft, sigma / times)).resize(picture.size, Resampling.BICUBIC)


def sharpened(image: Image, sigma: float, amount: float) -> Image:
    """Return the picture with so much of its difference to the softened one added; its alpha stays as it is."""
    # Of straight colours: multiplied ones would change beside every clear part, where only the alpha does.
    image = vips.in_memory(image)
    soft = straight(_blurred(premultiplied(image), sigma))
    made = vips.sharper(image, soft, amount, lambda: blend(soft, image, 1 + amount))
    if made.mode.endswith("A"):
        made.putalpha(image.getchannel("A"))
    return made


def _blurred(image: Image, sigma: float) -> Image:
    return vips.blurred(image, sigma, lambda: image.filter(GaussianBlur(sigma)))

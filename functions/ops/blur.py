"""A softer picture."""

from typing import Annotated

from PIL.Image import Image, Resampling
from PIL.ImageFilter import GaussianBlur

from umbel_core.op import Bounds, Picture, op

Radius = Annotated[float, Bounds(ge=0, le=100, description="Standard deviation of the Gaussian, in pixels")]


@op(memory_mb=1769)
def blur(picture: Picture, *, radius: Radius = 4.0) -> Image:
    """Soften the picture.

    What a blur takes away need not be decoded: a smaller picture, blurred less and enlarged again, costs a third.
    """
    width, height = picture.size
    detail = 1.5 * max(radius, 1)
    small = picture.at_least(width / detail, height / detail)
    soft = _premultiplied(small).filter(GaussianBlur(radius * small.width / width))
    return soft.convert(small.mode).resize(picture.size, Resampling.BICUBIC)


def _premultiplied(image: Image) -> Image:
    """So that clear pixels, which have a colour too, lend none of it to their neighbours."""
    return image.convert({"LA": "La", "RGBA": "RGBa"}.get(image.mode, image.mode))

"""A sharper picture."""

from typing import Annotated

from PIL.Image import Image

from umbel_core.op import Bounds, Picture, op
from umbel_imaging.softening import sharpened

Sigma = Annotated[float, Bounds(ge=0.3, le=10, description="Standard deviation of the Gaussian, in pixels")]
Amount = Annotated[float, Bounds(gt=0, le=5, description="How much of the difference to the blurred picture is added")]


@op(memory_mb=1769)
def sharpen(picture: Picture, *, sigma: Sigma = 1.0, amount: Amount = 1.0) -> Image:
    """Sharpen the picture."""
    return sharpened(picture.image(), sigma, amount)

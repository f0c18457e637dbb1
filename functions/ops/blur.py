"""A softer picture."""

from typing import Annotated

from PIL.Image import Image

from umbel_core.op import Bounds, Picture, op
from umbel_imaging.softening import softened

Radius = Annotated[float, Bounds(ge=0, le=100, description="Standard deviation of the Gaussian, in pixels")]


@op(memory_mb=1769)
def blur(picture: Picture, *, radius: Radius = 4.0) -> Image:
    """Soften the picture."""
    return softened(picture, radius)

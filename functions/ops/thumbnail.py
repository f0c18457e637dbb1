"""A smaller picture of the same shape."""

from typing import Annotated

from PIL.Image import Image

from umbel_core.op import Bounds, Picture, op

Pixels = Annotated[int, Bounds(ge=1, le=16384, description="At most so many pixels")]


@op(memory_mb=1769)
def thumbnail(picture: Picture, *, width: Pixels = 256, height: Pixels = 256) -> Image:
    """Fit the picture into width x height; never enlarge it."""
    own_width, own_height = picture.size
    scale = min(width / own_width, height / own_height, 1)
    size = max(1, round(own_width * scale)), max(1, round(own_height * scale))
    return picture.resized(*size)

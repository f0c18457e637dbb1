"""The picture at an exact size."""

from typing import Annotated

from PIL.Image import Image

from umbel_core.op import Bounds, Picture, op

Pixels = Annotated[int, Bounds(ge=1, le=16384, description="Pixels")]


@op(memory_mb=1769)
def resize(picture: Picture, *, width: Pixels, height: Pixels) -> Image:
    """Make the picture exactly width x height, whatever its shape."""
    return picture.resized(width, height)

"""The picture with margins."""

from typing import Annotated

from PIL.Image import Image

from umbel_core.errors import Rejected
from umbel_core.op import Bounds, Picture, op
from umbel_imaging.canvas import on_canvas
from umbel_imaging.colours import Background, background_of

Pixels = Annotated[int, Bounds(ge=0, le=16384, description="Pixels of margin")]


@op(memory_mb=1769, one_of=("top", "right", "bottom", "left"))
def pad(
    picture: Picture,
    *,
    top: Pixels = 0,
    right: Pixels = 0,
    bottom: Pixels = 0,
    left: Pixels = 0,
    background: Background | None = None,
) -> Image:
    """Put margins around the picture."""
    if not (top or right or bottom or left):
        raise Rejected("invalid_params", "params: all margins are 0; one must be larger.")
    image = picture.image()
    size = image.width + left + right, image.height + top + bottom
    return on_canvas(image, size, (left, top), background_of(image.mode, background))

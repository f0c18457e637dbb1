"""A part of the picture."""

from typing import Annotated

from PIL.Image import Image

from umbel_core.errors import Rejected
from umbel_core.op import Bounds, op
from umbel_imaging.pending import part_of

Pixels = Annotated[int, Bounds(ge=1, le=65535, description="Pixels")]
Offset = Annotated[int, Bounds(ge=0, le=65535, description="Pixels; without it, the part is centred")]


@op(memory_mb=1769)
def crop(
    picture: Image, *, width: Pixels, height: Pixels, left: Offset | None = None, top: Offset | None = None
) -> Image:
    """Cut out width x height pixels, from the middle or from left and top."""
    left = (picture.width - width) // 2 if left is None else left
    top = (picture.height - height) // 2 if top is None else top
    right, bottom = left + width, top + height
    if min(left, top) < 0 or right > picture.width or bottom > picture.height:
        part = f"{width} x {height} pixels from {left}, {top}"
        raise Rejected("crop_outside", f"{part} are not all inside the picture of {picture.width} x {picture.height}.")
    return part_of(picture, (left, top, right, bottom))

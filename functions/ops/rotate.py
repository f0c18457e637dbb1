"""The picture at an angle."""

from typing import Annotated

from PIL.Image import Image

from umbel_core.errors import Rejected
from umbel_core.op import Bounds, Picture, op
from umbel_imaging.colours import Background, background_of
from umbel_imaging.turning import turned

Angle = Annotated[float, Bounds(ge=-360, le=360, description="Degrees, clockwise", examples=[90])]


@op(memory_mb=1769)
def rotate(picture: Picture, *, angle: Angle, background: Background | None = None) -> Image:
    """Turn the picture by any angle; the result has room for all of it."""
    if background is not None and angle % 90 == 0:
        raise Rejected("invalid_params", f"params.background has no effect when the angle is {angle:g}.")
    image = picture.image()
    return turned(image, angle, background_of(image.mode, background))

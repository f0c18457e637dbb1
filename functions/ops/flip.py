"""The picture as a mirror shows it."""

from typing import Annotated, Literal

from PIL.Image import Image, Transpose

from umbel_core.op import Bounds, Picture, op

Direction = Annotated[
    Literal["horizontal", "vertical"],
    Bounds(description="`horizontal`: left and right are exchanged; `vertical`: top and bottom are"),
]
_TRANSPOSITIONS = {"horizontal": Transpose.FLIP_LEFT_RIGHT, "vertical": Transpose.FLIP_TOP_BOTTOM}


@op(memory_mb=1769)
def flip(picture: Picture, *, direction: Direction = "horizontal") -> Image:
    """Mirror the picture."""
    return picture.image().transpose(_TRANSPOSITIONS[direction])

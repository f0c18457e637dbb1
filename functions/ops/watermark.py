"""The picture with a text over it."""

from typing import Annotated, Literal

from PIL.Image import Image

from umbel_core.errors import Rejected
from umbel_core.op import Bounds, Picture, op
from umbel_imaging.colours import Colour, rgba
from umbel_imaging.geometry import ANCHORS
from umbel_imaging.watermarks import Style, stamp

Text = Annotated[
    str, Bounds(max_length=200, pattern=r"\S", description="One line of text that is not blank", examples=["© Umbel"])
]
Position = Annotated[
    Literal["centre", "north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"],
    Bounds(description="Where the text is; without it, `southeast`"),
]
Opacity = Annotated[float, Bounds(gt=0, le=1)]
Scale = Annotated[float, Bounds(ge=0.02, le=1, description="Width of the text, as a share of the picture's")]
Tile = Annotated[bool, Bounds(description="Whether the text is repeated all over the picture")]


@op(memory_mb=1769)
def watermark(
    picture: Picture,
    *,
    text: Text,
    position: Position | None = None,
    opacity: Opacity = 0.5,
    scale: Scale = 0.3,
    tile: Tile = False,
    colour: Colour = "white",
) -> Image:
    """Write a text over the picture, in one place or all over it."""
    if tile and position:
        raise Rejected("invalid_params", "params.position has no effect beside tile; give one of them.")
    style = Style(colour=rgba(colour, "colour"), opacity=opacity, scale=scale)
    return stamp(picture.image(), text, style, None if tile else ANCHORS[position or "southeast"])

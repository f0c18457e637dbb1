"""The picture with a text or another picture over it."""

from typing import Annotated, Literal

from PIL.Image import Image

from umbel_core.errors import Rejected
from umbel_core.op import Asset, Bounds, Picture, op
from umbel_imaging.colours import Colour, rgba
from umbel_imaging.fitting import Focus, Gravity, Side, fitted, wanted
from umbel_imaging.geometry import ANCHORS
from umbel_imaging.watermarks import picture_mark, stamp, text_mark

Text = Annotated[
    str, Bounds(max_length=200, pattern=r"\S", description="One line of text that is not blank", examples=["© Umbel"])
]
Position = Annotated[
    Literal["centre", "north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"],
    Bounds(description="Where it is; without it, `southeast`"),
]
Opacity = Annotated[float, Bounds(gt=0, le=1, description="Without it, 0.5 for a text and 1 for a picture")]
Scale = Annotated[float, Bounds(ge=0.02, le=1, description="Width of the text or picture, as a share of the result's")]
Tile = Annotated[bool, Bounds(description="Whether it is repeated all over the picture")]


@op(memory_mb=1769, one_of=("text", "image"), only_one=True)
def watermark(
    picture: Picture,
    *,
    text: Text | None = None,
    image: Asset | None = None,
    position: Position | None = None,
    opacity: Opacity | None = None,
    scale: Scale = 0.3,
    tile: Tile = False,
    colour: Colour | None = None,
    width: Side | None = None,
    height: Side | None = None,
    gravity: Gravity | None = None,
    focus: Focus | None = None,
) -> Image:
    """Put a text or a logo over the picture, which can be cut to a size before."""
    if tile and position:
        raise Rejected("invalid_params", "params.position has no effect beside tile; give one of them.")
    if image and colour:
        raise Rejected("invalid_params", "params.colour has no effect beside image; it is the colour of the text.")
    if not (width and height):
        for name, given in {"gravity": gravity, "focus": focus}.items():
            if given is not None:
                raise Rejected("invalid_params", f"params.{name} needs both width and height.")
    if width or height:
        want = wanted(width, height, 1, "cover" if width and height else "inside", enlarge=True)
        below = fitted(picture, want, gravity=gravity, focus=focus, background=None)
    else:
        below = picture.image()
    if image:
        mark = picture_mark(image, opacity or 1, scale, below.size)
    else:
        mark = text_mark(text or "", rgba(colour or "white", "colour"), opacity or 0.5, scale, below.size)
    return stamp(below, mark, None if tile else ANCHORS[position or "southeast"])

"""A picture of a text."""

from typing import Annotated

from PIL.Image import Image, new

from umbel_core.op import Asset, Bounds, op
from umbel_imaging.cards import Lettering, contrasting, write
from umbel_imaging.colours import Colour, ink, rgba
from umbel_imaging.geometry import ANCHORS
from umbel_imaging.watermarks import picture_mark, stamp

Title = Annotated[
    str,
    Bounds(max_length=200, pattern=r"\S", description="Text that is not blank", examples=["Every op in its own lane"]),
]
Subtitle = Annotated[str, Bounds(max_length=300, pattern=r"\S", description="Smaller text below")]
Side = Annotated[int, Bounds(ge=64, le=4096, description="Pixels")]
_SHARE = 0.14
"""Height of the asset, as a share of the card's."""


@op(memory_mb=1769)
def card(
    text: Title,
    *,
    subtitle: Subtitle | None = None,
    width: Side = 1200,
    height: Side = 630,
    background: Colour = "#24312b",
    colour: Colour | None = None,
    image: Asset | None = None,
) -> Image:
    """Write the text on a card, as large as it fits, with a logo in the corner."""
    ground = rgba(background, "background")
    letters = rgba(colour, "colour") if colour else contrasting(ground)
    mode = "RGBA" if ground[3] < 255 else "RGB"
    picture = new(mode, (width, height), ink(ground, mode))
    if image:
        scale = _SHARE * height * image.size[0] / image.size[1] / width
        picture = stamp(picture, picture_mark(image, 1, min(scale, 0.5), picture.size), ANCHORS["southeast"])
    return write(picture, Lettering(text, subtitle or "", letters), 1 - 2 * _SHARE if image else 1)

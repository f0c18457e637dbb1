"""The picture without its margins."""

from typing import Annotated

from PIL.Image import Image

from umbel_core.op import Bounds, Picture, op
from umbel_imaging.trimming import content

Threshold = Annotated[
    int, Bounds(ge=0, le=254, description="How far a channel may be from the corner's colour and still be margin")
]


@op(memory_mb=1769)
def trim(picture: Picture, *, threshold: Threshold = 10) -> Image:
    """Cut off margins that have the colour of the left upper corner.

    A picture that is all of this colour stays as it is. One that moves loses the margins of its first frame.
    """
    image, first = picture.image(), picture.first_frame
    box = content(image if first is picture else first.image(), threshold)
    return image if box is None or box == (0, 0, *image.size) else image.crop(box)

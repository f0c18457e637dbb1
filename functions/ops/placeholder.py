"""What stands for a picture while it loads."""

from base64 import b64encode
from typing import Annotated

from PIL.Image import new

from umbel_core.op import Bounds, Picture, op
from umbel_imaging.blurhash import blurhash
from umbel_imaging.geometry import Wanted, plan
from umbel_imaging.palette import dominant, opaque_pixels, palette
from umbel_imaging.thumbhash import SIDE, thumbhash

Colours = Annotated[int, Bounds(ge=1, le=16, description="The most colours in the palette")]


@op(memory_mb=1769)
def placeholder(picture: Picture, *, colours: Colours = 5) -> dict[str, str | int | list[str] | None]:
    """Read the picture's ThumbHash, BlurHash, dominant colour and palette."""
    want = Wanted(width=SIDE, height=SIDE, fit="inside", enlarge=False)
    small = picture.resized(*plan(picture.size, want).scaled).convert("RGBA")
    white = new("RGB", small.size, "white")
    white.paste(small, mask=small.getchannel("A"))
    width, height = picture.size
    components = (3, 4) if height > width else (4, 3)
    pixels = opaque_pixels(small)
    return {
        "width": width,
        "height": height,
        "thumbhash": b64encode(thumbhash(small)).decode(),
        "blurhash": blurhash(white, *components),
        "dominant": dominant(pixels) if pixels else None,
        "palette": palette(pixels, colours) if pixels else [],
    }

"""A picture in numbers."""

from typing import Annotated, Literal

from PIL.Image import Image, new

from umbel_core.op import Bounds, Picture, op
from umbel_imaging.measures import perceptual_hash, sharpness

Bins = Annotated[Literal[8, 16, 32, 64, 128, 256], Bounds(description="Parts of each histogram")]
_CHANNELS = {"R": "red", "G": "green", "B": "blue", "L": "gray"}


@op(memory_mb=1769)
def describe(picture: Picture, *, bins: Bins = 32) -> dict[str, float | str | dict[str, list[int]]]:
    """Read the picture's histogram, sharpness, entropy and perceptual hash."""
    image = picture.image()
    histograms = _histograms(image, bins)
    gray = _gray(image)
    del image
    return {
        "histogram": histograms,
        "sharpness": round(sharpness(gray), 2),
        "entropy": round(gray.entropy(), 2),
        "perceptual_hash": perceptual_hash(gray),
    }


def _histograms(image: Image, bins: int) -> dict[str, list[int]]:
    """Return each channel's number of pixels in each part of its values; clear pixels do not count."""
    mask = image.getchannel("A") if image.mode.endswith("A") else None
    counts, width = image.histogram(mask), 256 // bins
    found = {}
    for at, band in enumerate(image.getbands()):
        if band in _CHANNELS:
            own = counts[256 * at : 256 * at + 256]
            found[_CHANNELS[band]] = [sum(own[first : first + width]) for first in range(0, 256, width)]
    return found


def _gray(image: Image) -> Image:
    """Return the picture without colours, on white."""
    if not image.mode.endswith("A"):
        return image.convert("L")
    white = new("L", image.size, 255)
    white.paste(image.convert("L"), mask=image.getchannel("A"))
    return white

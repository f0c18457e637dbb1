"""Put a picture on a background."""

from PIL import Image

from umbel_core.errors import Rejected
from umbel_core.settings import Limits, exact_megapixels
from umbel_imaging import vips
from umbel_imaging.colours import Rgba, ink, mode_for
from umbel_imaging.geometry import Size

_STRIP = 256
"""Rows. Conversions are made in strips, so that no third copy of a large picture is held."""


def on_canvas(image: Image.Image, size: Size, place: tuple[int, int], background: Rgba) -> Image.Image:
    """Return a picture of this size and colour with the image on it; where the image is clear, so is the result."""
    check_size(size)
    mode = mode_for(image.mode, background)
    colour = ink(background, mode)

    def by_pillow() -> Image.Image:
        canvas = Image.new(mode, size, colour)
        paste(canvas, image, place)
        return canvas

    return vips.on_canvas(image, size, place, colour, by_pillow)


def paste(canvas: Image.Image, image: Image.Image, place: tuple[int, int]) -> None:
    """Replace a part of the canvas by the image, which may have another mode."""
    if image.mode == canvas.mode:
        canvas.paste(image, place)
        return
    left, top = place
    for row in range(0, image.height, _STRIP):
        strip = image.crop((0, row, image.width, min(row + _STRIP, image.height)))
        canvas.paste(strip.convert(canvas.mode), (left, top + row))


def check_size(size: Size) -> None:
    """Raise `Rejected` when a canvas of this size is larger than any deployment's limit."""
    width, height = size
    if width * height > (most := Limits().max_pixels):
        pixels = f"{width} x {height} pixels ({exact_megapixels(width * height)})"
        raise Rejected(
            "result_too_large",
            f"The result would be {pixels}; at most {exact_megapixels(most)} are allowed. Choose a smaller size.",
        )

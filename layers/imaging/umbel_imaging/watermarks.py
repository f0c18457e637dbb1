"""Draw a text or a picture over a picture."""

import msgspec
from PIL import Image, ImageDraw

from umbel_core.op import Picture
from umbel_imaging.canvas import paste
from umbel_imaging.colours import Rgba
from umbel_imaging.geometry import Point, Size, place
from umbel_imaging.lettering import check_characters, font

_MEASURED = 100
"""The size in pixels at which a text is measured."""
_MARGIN = 0.025
"""Of the picture's shorter side, between its border and the mark."""
_OUTLINE = 0.04
"""Of the text's size; the outline keeps the text legible on a ground of its own colour."""
_ACROSS, _DOWN, _LEAST_DOWN = 1.5, 3.5, 1.25
"""From one mark to the next, in widths and heights of a mark, when it is repeated; down at most as far as across."""
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What is drawn over a picture: pixels in mode `RGBA`, and whether they are all gray."""

    pixels: Image.Image
    gray: bool


def stamp(image: Image.Image, mark: Mark, anchor: Point | None) -> Image.Image:
    """Draw the mark at its anchor, or all over the picture when there is none; return the picture.

    It is drawn in place, unless the picture needs another mode for the colours of the mark.
    """
    drawn = mark.pixels
    mode = image.mode if mark.gray or not image.mode.startswith("L") else image.mode.replace("L", "RGB")
    if mode != image.mode:
        canvas = Image.new(mode, image.size)
        paste(canvas, image, (0, 0))
        image = canvas
    for spot in [_spot(drawn.size, image.size, anchor)] if anchor else _spots(drawn.size, image.size):
        _composite(image, drawn, spot)
    return image


def picture_mark(picture: Picture, opacity: float, scale: float, size: Size) -> Mark:
    """Return a picture as a mark for pictures of this size: `scale` of their width, and no higher than they are."""
    factor = min(scale * size[0] / picture.size[0], size[1] / picture.size[1])
    own = picture.resized(*(max(round(side * factor), 1) for side in picture.size))
    return Mark(pixels=_faded(own.convert("RGBA"), opacity), gray=own.mode.startswith("L"))


def text_mark(text: str, colour: Rgba, opacity: float, scale: float, size: Size) -> Mark:
    """Return a text with its outline as a mark for pictures of this size; it fits in them if any text can."""
    text = " ".join(text.split())
    check_characters(text, "params.text")
    left, top, right, bottom = font(_MEASURED).getbbox(text)
    width, height = max(right - left, 1), max(bottom - top, 1)
    points = int(max(min(scale * size[0] / width, size[1] / height) * _MEASURED, 1))
    letters, outline = font(points), round(points * _OUTLINE)
    box = letters.getbbox(text, stroke_width=outline)
    drawn = Image.new("RGBA", (max(int(box[2] - box[0]), 1), max(int(box[3] - box[1]), 1)))
    fill = colour[:3]
    contrast = _BLACK if sum(fill) > 3 * 127 else _WHITE
    ImageDraw.Draw(drawn).text(
        (-box[0], -box[1]), text, fill=fill, font=letters, stroke_width=outline, stroke_fill=contrast
    )
    faded = _faded(drawn.crop(drawn.getbbox()), opacity * colour[3] / 255)
    return Mark(pixels=faded, gray=len(set(fill)) == 1)


def _faded(drawn: Image.Image, opacity: float) -> Image.Image:
    drawn.putalpha(drawn.getchannel("A").point(lambda value: round(value * opacity)))
    return drawn


def _spot(inner: Size, outer: Size, anchor: Point) -> tuple[int, int]:
    margin = round(_MARGIN * min(outer))
    free = max(outer[0] - 2 * margin, inner[0]), max(outer[1] - 2 * margin, inner[1])
    left, top = place(inner, free, anchor)
    return left + (outer[0] - free[0]) // 2, top + (outer[1] - free[1]) // 2


def _spots(inner: Size, outer: Size) -> list[tuple[int, int]]:
    """Return the places of marks in rows, of which every second one starts half a step earlier."""
    across, down = (
        max(round(inner[0] * _ACROSS), 1),
        max(round(min(inner[1] * _DOWN, inner[0] * _ACROSS)), round(inner[1] * _LEAST_DOWN), 1),
    )
    rows = range((down - inner[1]) // 2, outer[1], down)
    return [
        (left, top)
        for row, top in enumerate(rows)
        for left in range((across - inner[0]) // 2 - row % 2 * across // 2, outer[0], across)
    ]


def _composite(image: Image.Image, drawn: Image.Image, spot: tuple[int, int]) -> None:
    """Put the mark over a part of the picture, in place."""
    if not image.mode.endswith("A"):
        image.paste(drawn.convert(image.mode), spot, drawn.getchannel("A"))
        return
    left, top = max(spot[0], 0), max(spot[1], 0)
    right, bottom = min(spot[0] + drawn.width, image.width), min(spot[1] + drawn.height, image.height)
    if right <= left or bottom <= top:
        return
    under = image.crop((left, top, right, bottom)).convert("RGBA")
    over = drawn.crop((left - spot[0], top - spot[1], right - spot[0], bottom - spot[1]))
    image.paste(Image.alpha_composite(under, over).convert(image.mode), (left, top))

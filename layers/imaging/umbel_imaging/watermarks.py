"""Draw a text over a picture."""

from functools import lru_cache
from pathlib import Path

import msgspec
from PIL import Image, ImageDraw, ImageFont

from umbel_core.errors import Rejected
from umbel_imaging.canvas import paste
from umbel_imaging.colours import Rgba, mode_for
from umbel_imaging.geometry import Point, Size, place

_FONT = Path(__file__).parent / "fonts" / "DejaVuSans.ttf"
_MEASURED = 100
"""The size in pixels at which a text is measured."""
_MARGIN = 0.025
"""Of the picture's shorter side, between its border and the text."""
_OUTLINE = 0.04
"""Of the text's size; the outline keeps the text legible on a ground of its own colour."""
_ACROSS, _DOWN = 1.5, 3.5
"""From one text to the next, in widths and heights of a text, when it is repeated."""
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)


class Style(msgspec.Struct, frozen=True, kw_only=True):
    """How a text is drawn."""

    colour: Rgba
    opacity: float
    scale: float
    """The width of the text, as a share of the picture's."""


def stamp(image: Image.Image, text: str, style: Style, anchor: Point | None) -> Image.Image:
    """Draw the text at its anchor, or all over the picture when there is none; return the picture.

    It is drawn in place, unless the picture needs another mode for the colour of the text.
    """
    drawn = _drawn(text, style, image.size)
    mode = mode_for(image.mode, (*style.colour[:3], 255))
    if mode != image.mode:
        canvas = Image.new(mode, image.size)
        paste(canvas, image, (0, 0))
        image = canvas
    for spot in [_spot(drawn.size, image.size, anchor)] if anchor else _spots(drawn.size, image.size):
        _composite(image, drawn, spot)
    return image


def _drawn(text: str, style: Style, picture: Size) -> Image.Image:
    """Return the text with its outline in mode `RGBA`, on clear ground; it fits in the picture if any text can."""
    _check_characters(text)
    left, top, right, bottom = _font(_MEASURED).getbbox(text)
    width, height = max(right - left, 1), max(bottom - top, 1)
    size = int(max(min(style.scale * picture[0] / width, picture[1] / height) * _MEASURED, 1))
    font, outline = _font(size), round(size * _OUTLINE)
    box = font.getbbox(text, stroke_width=outline)
    drawn = Image.new("RGBA", (max(int(box[2] - box[0]), 1), max(int(box[3] - box[1]), 1)))
    fill = style.colour[:3]
    contrast = _BLACK if sum(fill) > 3 * 127 else _WHITE
    ImageDraw.Draw(drawn).text(
        (-box[0], -box[1]), text, fill=fill, font=font, stroke_width=outline, stroke_fill=contrast
    )
    drawn = drawn.crop(drawn.getbbox())
    opacity = style.opacity * style.colour[3] / 255
    drawn.putalpha(drawn.getchannel("A").point(lambda value: round(value * opacity)))
    return drawn


def _check_characters(text: str) -> None:
    """Raise `Rejected` for a character that the font does not have."""
    font = _font(20)
    missing = bytes(font.getmask("\uffff"))
    for character in text:
        if not character.isprintable() or (bytes(font.getmask(character)) == missing):
            shown = character if character.isprintable() else f"U+{ord(character):04X}"
            raise Rejected("invalid_params", f"params.text: the font has no character '{shown}'.")


def _spot(inner: Size, outer: Size, anchor: Point) -> tuple[int, int]:
    margin = round(_MARGIN * min(outer))
    free = max(outer[0] - 2 * margin, inner[0]), max(outer[1] - 2 * margin, inner[1])
    left, top = place(inner, free, anchor)
    return left + (outer[0] - free[0]) // 2, top + (outer[1] - free[1]) // 2


def _spots(inner: Size, outer: Size) -> list[tuple[int, int]]:
    """Return the places of texts in rows, of which every second one starts half a step earlier."""
    across, down = max(round(inner[0] * _ACROSS), 1), max(round(inner[1] * _DOWN), 1)
    rows = range((down - inner[1]) // 2, outer[1], down)
    return [
        (left, top)
        for row, top in enumerate(rows)
        for left in range((across - inner[0]) // 2 - row % 2 * across // 2, outer[0], across)
    ]


def _composite(image: Image.Image, drawn: Image.Image, spot: tuple[int, int]) -> None:
    """Put the text over a part of the picture, in place."""
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


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_FONT, size)

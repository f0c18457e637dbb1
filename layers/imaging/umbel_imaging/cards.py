"""Write a title and a subtitle on a card."""

from typing import NamedTuple

from PIL import Image, ImageDraw

from umbel_core.errors import Rejected
from umbel_imaging.colours import Rgba
from umbel_imaging.lettering import check_characters, font, lines_of

_MARGIN = 0.1
"""Of the card's shorter side."""
_LARGEST = 0.18
"""Size of the title, as a share of the card's height."""
_SMALLEST = 6
"""Pixels."""
_UNCUT = 0.06
"""Smallest size at which words are not cut, as a share of the shorter side."""
_STEP = 0.94
_SUBTITLE = 0.5
"""Size of the subtitle, as a share of the title's."""
_LINE, _GAP = 1.22, 0.5
"""From line to line, and between title and subtitle, in sizes of the letters."""
_BOLD = 0.018
"""Width of the title's outline in its own colour: the font has no bold letters."""


class Lettering(NamedTuple):
    """What is written on a card."""

    title: str
    subtitle: str
    colour: Rgba


class _Line(NamedTuple):
    text: str
    size: int
    outline: int
    top: float


def contrasting(background: Rgba) -> Rgba:
    """Return white or nearly black, whichever is easier to read on this colour."""
    red, green, blue, alpha = background
    light = 0.299 * red + 0.587 * green + 0.114 * blue
    return (255, 255, 255, 255) if light < 140 and alpha > 127 else (26, 26, 26, 255)


def write(card: Image.Image, lettering: Lettering, share: float) -> Image.Image:
    """Write the text on the card, at the left and as large as it fits into this share of the height, and return it."""
    check_characters(" ".join(lettering.title.split()), "input")
    check_characters(" ".join(lettering.subtitle.split()), "params.subtitle")
    margin = round(_MARGIN * min(card.size))
    width, height = card.width - 2 * margin, card.height - 2 * margin
    size = _first_size(lettering, card.height, width)
    lines, used = _lines(lettering, size, width)
    while used > share * height:
        size = min(size - 1, round(size * _STEP))
        if size < _SMALLEST:
            raise Rejected("invalid_params", "The text does not fit on a card of this size; ask for a larger one.")
        lines, used = _lines(lettering, size, width)
    top = margin + (share * height - used) / 2
    draw = ImageDraw.Draw(card)
    for line in lines:
        draw.text(
            (margin, top + line.top), line.text, font=font(line.size), fill=lettering.colour, stroke_width=line.outline
        )
    return card


def _first_size(lettering: Lettering, height: int, width: int) -> int:
    """Return the largest size of the title: so large that its longest word, if that is not too long, needs no cut."""
    largest, smallest = round(_LARGEST * height), round(_UNCUT * min(width, height))
    longest = max(font(100).getlength(word) for word in lettering.title.split())
    return max(min(largest, int(100 * width / longest)), min(largest, smallest), 1)


def _lines(lettering: Lettering, size: int, width: int) -> tuple[list[_Line], float]:
    """Return the lines of the text at this size, and the height that they take."""
    lines, top, smaller = [], 0.0, max(round(size * _SUBTITLE), 1)
    outline = round(size * _BOLD)
    for text in lines_of(lettering.title, size, width):
        lines.append(_Line(text, size, outline, top))
        top += _LINE * size
    if lettering.subtitle:
        top += _GAP * smaller
        for text in lines_of(lettering.subtitle, smaller, width):
            lines.append(_Line(text, smaller, 0, top))
            top += _LINE * smaller
    return lines, top

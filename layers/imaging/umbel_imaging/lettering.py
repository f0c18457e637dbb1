"""Letters: the font, the characters that it has, and text in lines."""

import unicodedata
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont, features

from umbel_core.errors import Rejected

_FONT = Path(__file__).parent / "fonts" / "DejaVuSans.ttf"
_MANY = 12
"""Sizes of the font that are kept open."""


@lru_cache(maxsize=_MANY)
def font(size: int) -> ImageFont.FreeTypeFont:
    """Return the font at this size in pixels."""
    return ImageFont.truetype(_FONT, size)


def check_characters(text: str, param: str) -> None:
    """Raise `Rejected` for a character that the font does not have, or that would stand in the wrong place.

    Pillow writes from right to left only where the system has the library FriBidi; Lambda's has not.
    """
    if any(unicodedata.bidirectional(character) in ("R", "AL") for character in text) and not features.check("raqm"):
        raise Rejected("invalid_params", f"{param}: text that is written from right to left is not supported here.")
    letters = font(20)
    missing = bytes(letters.getmask("\uffff"))
    for character in text:
        if not character.isprintable() or (bytes(letters.getmask(character)) == missing):
            shown = character if character.isprintable() else f"U+{ord(character):04X}"
            raise Rejected("invalid_params", f"{param}: the font has no character '{shown}'.")


def lines_of(text: str, size: int, width: float) -> list[str]:
    """Return the text in lines of at most this width in pixels; a longer word is cut."""
    letters, lines = font(size), [""]
    for word in text.split():
        rest = word
        while rest:
            joined = f"{lines[-1]} {rest}".strip()
            if letters.getlength(joined) <= width:
                lines[-1], rest = joined, ""
            elif lines[-1]:
                lines.append("")
            else:
                fitting = max(sum(letters.getlength(rest[:end]) <= width for end in range(1, len(rest) + 1)), 1)
                lines[-1], rest = rest[:fitting], rest[fitting:]
                lines += [""] if rest else []
    return lines

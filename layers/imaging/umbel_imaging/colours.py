"""Colours that callers name, and the mode that a picture needs to have one."""

from typing import Annotated

from PIL import ImageColor

from umbel_core.errors import Rejected
from umbel_core.op import Bounds

Colour = Annotated[
    str,
    Bounds(
        pattern="^(#([0-9A-Fa-f]{3,4}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8})|[A-Za-z]+)$",
        description="A colour: #rgb, #rgba, #rrggbb, #rrggbbaa, a name of CSS, or `transparent`",
    ),
]
Background = Annotated[
    str,
    Bounds(
        pattern="^(#([0-9A-Fa-f]{3,4}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8})|[A-Za-z]+)$",
        description="Colour of the background: #rgb, #rgba, #rrggbb, #rrggbbaa, a name of CSS, or `transparent`; "
        "without it, white, and transparent for a picture with alpha",
    ),
]
Rgba = tuple[int, int, int, int]
_CLEAR = (255, 255, 255, 0)


def rgba(colour: str, param: str) -> Rgba:
    """Return the colour's red, green, blue and alpha; raise `Rejected` when no colour has this name."""
    if colour.lower() == "transparent":
        return _CLEAR
    try:
        red, green, blue, *alpha = ImageColor.getrgb(colour)
    except ValueError as error:
        raise Rejected("invalid_params", f"params.{param}: there is no colour '{colour}'.") from error
    return red, green, blue, alpha[0] if alpha else 255


def background_of(mode: str, colour: str | None) -> Rgba:
    """Return the background for a picture of this mode: the given colour, else white, or clear when it has alpha."""
    if colour is None:
        return _CLEAR if mode.endswith("A") else (255, 255, 255, 255)
    return rgba(colour, "background")


def mode_for(mode: str, colour: Rgba) -> str:
    """Return the mode, `L`, `LA`, `RGB` or `RGBA`, that has both the colours of this mode and this colour."""
    red, green, blue, alpha = colour
    base = "L" if mode.startswith("L") and red == green == blue else "RGB"
    return base + "A" if mode.endswith("A") or alpha < 255 else base


def ink(colour: Rgba, mode: str) -> tuple[int, ...]:
    """Return the colour as a pixel of this mode, which `mode_for` has chosen."""
    base = colour[:1] if mode.startswith("L") else colour[:3]
    return (*base, colour[3]) if mode.endswith("A") else base

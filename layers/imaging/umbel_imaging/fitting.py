"""Make a picture fit the size that a caller asks for."""

import math
from typing import Annotated

from PIL.Image import Image

from umbel_core.errors import Rejected
from umbel_core.op import Bounds, Picture
from umbel_imaging import geometry
from umbel_imaging.attention import attention
from umbel_imaging.canvas import on_canvas
from umbel_imaging.colours import background_of
from umbel_imaging.geometry import ANCHORS, Box, Plan, Point, Wanted
from umbel_imaging.resampling import resampled

Side = Annotated[int, Bounds(ge=1, le=16384, description="Pixels; without it, it follows from the picture's shape")]
Fit = Annotated[
    geometry.Fit,
    Bounds(
        description="`inside`: no side is larger; `outside`: none is smaller; `cover`: exactly this size, and what "
        "does not fit is cut off; `contain`: exactly this size, on a background; `fill`: exactly this size, distorted"
    ),
]
Gravity = Annotated[
    geometry.Gravity,
    Bounds(description="Which part `cover` keeps, or where `contain` puts the picture; without it, the centre"),
]
Fraction = Annotated[float, Bounds(ge=0, le=1)]
Focus = (
    Annotated[
        list[Fraction],
        Bounds(
            min_length=2,
            max_length=2,
            description="For `cover`: the point to keep in the middle, as fractions of width and height: 0.3,0.7",
        ),
    ]
    | str
)
"""A list, or the same as text. The text has no pattern: msgspec 0.22 crashes on one beside the bounds of a list."""
Enlarge = Annotated[bool, Bounds(description="Whether the picture may become larger than it is")]
Dpr = Annotated[float, Bounds(ge=0.1, le=8, description="Pixels of the device for each pixel of width and height")]


def wanted(width: int | None, height: int | None, dpr: float, fit: geometry.Fit, *, enlarge: bool) -> Wanted:
    """Return the size that is asked for, in pixels of the result."""
    return Wanted(
        width=width and width * dpr,
        height=height and height * dpr,
        fit=fit,
        enlarge=enlarge,
    )


def fitted(
    picture: Picture,
    want: Wanted,
    *,
    gravity: geometry.Gravity | None,
    focus: list[float] | str | None,
    background: str | None,
) -> Image:
    """Return the picture at the size that is asked for; raise `Rejected` for a parameter that would have no effect."""
    _check(want, gravity=gravity, focus=focus, background=background)
    point, plan = _point(focus), geometry.plan(picture.size, want)
    if plan.part != picture.size:
        return _cover(picture, plan, gravity, point)
    image = picture.resized(*plan.scaled)
    if plan.canvas == plan.scaled:
        return image
    place = geometry.place(plan.scaled, plan.canvas, ANCHORS[gravity or "centre"])
    return on_canvas(image, plan.canvas, place, background_of(image.mode, background))


def _cover(picture: Picture, plan: Plan, gravity: geometry.Gravity | None, focus: Point | None) -> Image:
    """Return the part that is kept, resampled once from the smallest decoded size that is large enough."""
    image = picture.at_least(*plan.scaled)
    across, down = (now / own for now, own in zip(image.size, picture.size, strict=True))
    part = min(plan.part[0] * across, image.width), min(plan.part[1] * down, image.height)
    box: Box
    if gravity == "attention":
        first = picture.first_frame
        box = attention(image if first is picture else first.at_least(*plan.scaled), part)
    elif focus:
        box = geometry.part_around(image.size, part, focus)
    else:
        box = geometry.part_at_anchor(image.size, part, ANCHORS[gravity or "centre"])
    right, bottom = min(box[2], image.width), min(box[3], image.height)
    return resampled(image, plan.scaled, (box[0], box[1], right, bottom))


def _point(focus: list[float] | str | None) -> Point | None:
    if focus is None:
        return None
    try:
        across, down = map(float, focus.split(",") if isinstance(focus, str) else focus)
    except ValueError:
        across = down = math.nan
    if not (0 <= across <= 1 and 0 <= down <= 1):
        raise Rejected("invalid_params", "params.focus must be two numbers from 0 to 1, as 0.3,0.7.")
    return across, down


def _check(
    want: Wanted, *, gravity: geometry.Gravity | None, focus: list[float] | str | None, background: str | None
) -> None:
    """Raise `Rejected` for a parameter that would have no effect."""
    if want.width is None and want.height is None:
        raise Rejected("invalid_params", "params.width or params.height is missing.")
    if want.fit in ("cover", "contain") and (want.width is None or want.height is None):
        raise Rejected("invalid_params", f"params.fit: {want.fit} needs both width and height.")
    if gravity == "attention" and want.fit == "contain":
        raise Rejected("invalid_params", "params.gravity: attention has an effect only with fit=cover.")
    if gravity and focus:
        raise Rejected("invalid_params", "params.gravity has no effect beside focus; give one of them.")
    for name, value, fits in (
        ("gravity", gravity, ("cover", "contain")),
        ("focus", focus, ("cover",)),
        ("background", background, ("contain",)),
    ):
        if value is not None and want.fit not in fits:
            modes = " or ".join(f"fit={fit}" for fit in fits)
            raise Rejected("invalid_params", f"params.{name} has an effect only with {modes}, not with {want.fit}.")

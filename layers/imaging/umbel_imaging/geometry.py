"""Sizes and boxes: how a picture of one size fits another. Pure functions, which see no pixel."""

from typing import Literal, NamedTuple

import msgspec

Size = tuple[int, int]
Box = tuple[float, float, float, float]
"""Left, top, right and bottom."""
Point = tuple[float, float]
"""A place as fractions of the width and height: (0, 0) is the left upper corner, (1, 1) the right lower one."""
Fit = Literal["inside", "outside", "cover", "contain", "fill"]
Gravity = Literal[
    "centre", "north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest", "attention"
]
ANCHORS: dict[str, Point] = {
    "centre": (0.5, 0.5),
    "north": (0.5, 0),
    "northeast": (1, 0),
    "east": (1, 0.5),
    "southeast": (1, 1),
    "south": (0.5, 1),
    "southwest": (0, 1),
    "west": (0, 0.5),
    "northwest": (0, 0),
}
"""Where a part lies for each gravity; `attention` depends on the pixels."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The size that a caller asks for, in pixels; a side that is None follows from the picture's shape."""

    width: float | None
    height: float | None
    fit: Fit
    enlarge: bool


class Plan(NamedTuple):
    """How to make a picture of the size that is asked for."""

    part: tuple[float, float]
    """The width and height of the part that is shown, in pixels of the original picture."""
    scaled: Size
    """The size that this part gets."""
    canvas: Size
    """The size of the result; larger than `scaled` when there is a background around it."""


def plan(own: Size, wanted: Wanted) -> Plan:
    """Return which part of a picture of this size is shown, at which size, on which canvas."""
    width, height = own
    if wanted.width is None or wanted.height is None:
        scale = (wanted.width or 0) / width or (wanted.height or 0) / height
        return _whole(own, scale if wanted.enlarge else min(scale, 1))
    across, down = wanted.width / width, wanted.height / height
    if wanted.fit == "fill":
        most = float("inf") if wanted.enlarge else 1
        scaled = _pixels(width * min(across, most)), _pixels(height * min(down, most))
        return Plan(own, scaled, scaled)
    if wanted.fit == "cover":
        return _covering(own, (wanted.width, wanted.height), enlarge=wanted.enlarge)
    scale = max(across, down) if wanted.fit == "outside" else min(across, down)
    whole = _whole(own, scale if wanted.enlarge else min(scale, 1))
    if wanted.fit != "contain":
        return whole
    return whole._replace(canvas=(_pixels(wanted.width), _pixels(wanted.height)))


def place(inner: Size, outer: Size, anchor: Point) -> tuple[int, int]:
    """Return left and top of an inner rectangle for an anchor: 0 at the start of the free space, 1 at its end."""
    left, top = ((out - size) * at for out, size, at in zip(outer, inner, anchor, strict=True))
    return int(left + 0.5), int(top + 0.5)


def part_at_anchor(own: Size, part: tuple[float, float], anchor: Point) -> Box:
    """Return the box of a part of the picture: with 0 at the picture's start, with 1 at its end."""
    left, top = ((side - size) * at for side, size, at in zip(own, part, anchor, strict=True))
    return left, top, left + part[0], top + part[1]


def part_around(own: Size, part: tuple[float, float], focus: Point) -> Box:
    """Return the box of a part of the picture with a point in its middle, or as near to it as the sides allow."""
    left, top = (
        min(max(side * at - size / 2, 0), side - size) for side, size, at in zip(own, part, focus, strict=True)
    )
    return left, top, left + part[0], top + part[1]


def _covering(own: Size, wanted: tuple[float, float], *, enlarge: bool) -> Plan:
    """Return the largest part with the shape that is asked for; a picture that is too small gives a smaller result."""
    scale = max(wanted[0] / own[0], wanted[1] / own[1])
    part = min(wanted[0] / scale, own[0]), min(wanted[1] / scale, own[1])
    target = wanted if enlarge or scale <= 1 else part
    scaled = _pixels(target[0]), _pixels(target[1])
    return Plan(part, scaled, scaled)


def _whole(own: Size, scale: float) -> Plan:
    scaled = _pixels(own[0] * scale), _pixels(own[1] * scale)
    return Plan(own, scaled, scaled)


def _pixels(side: float) -> int:
    return max(1, round(side))

"""Find the best encoding that has at most so many bytes, in few encodings."""

from bisect import bisect_left
from collections.abc import Callable
from math import log, log2
from time import monotonic

from umbel_core.errors import Rejected

Curve = Callable[[float], float]
"""Level, as the quality -> logarithm of the usual size, up to a constant."""

_QUALITIES = (1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)
_SIZES = {
    "jpeg": (-2.0, -1.83, -1.51, -1.13, -0.88, -0.7, -0.56, -0.42, -0.24, 0, 0.42, 1.48),
    "webp": (-1.94, -1.62, -1.38, -1.08, -0.87, -0.69, -0.54, -0.41, -0.28, 0, 0.53, 1.49),
    "avif": (-3.0, -2.88, -2.6, -2.2, -1.8, -1.38, -0.94, -0.6, -0.3, 0, 0.36, 1.31),
}
"""Format -> logarithms of the sizes at these qualities, measured on photos; between them, straight lines."""

MOST_ENCODINGS = 5
_SECONDS = 6
"""After this time, only one more encoding is begun."""
_AIM = 0.97
"""What is aimed at, as a share of the bytes that are allowed."""
_AIM_LOWER = 0.8
_GOOD = 0.93
"""A result that has at least this share is not improved any more."""


def quality_curve(name: str) -> Curve:
    """Return how the size in this format usually depends on the quality."""
    sizes = _SIZES[name]

    def curve(quality: float) -> float:
        above = min(max(bisect_left(_QUALITIES, quality), 1), len(_QUALITIES) - 1)
        low, high = _QUALITIES[above - 1], _QUALITIES[above]
        return sizes[above - 1] + (sizes[above] - sizes[above - 1]) * (quality - low) / (high - low)

    return curve


def colours_curve(colours: float) -> float:
    """Return how the size usually depends on the number of colours in a palette: on the bits of a pixel."""
    return log(log2(colours))


def best_under(
    most: int, lowest: int, highest: int, encode_at: Callable[[int], bytes], curve: Curve
) -> tuple[int, bytes]:
    """Return the best level found, with its bytes, that has at most `most` bytes; raise `Rejected` if none has.

    Each encoding makes the next forecast better. As long as none fits, the last but one aims lower, and the last one is
    at the lowest level. A large picture, whose encodings take long, gets fewer.
    """
    end = monotonic() + _SECONDS
    best: tuple[int, bytes] | None = None
    fitting, over, level = lowest - 1, highest + 1, highest
    known: list[tuple[float, float]] = []
    for left in reversed(range(MOST_ENCODINGS)):
        data = encode_at(level)
        known.append((curve(level), log(len(data))))
        if len(data) <= most:
            best, fitting = (level, data), level
            if len(data) >= _GOOD * most:
                break
        elif level == lowest:
            raise Rejected(
                "result_too_large",
                f"The result has {len(data):,} bytes even at the lowest quality; at most {most:,} are allowed. Choose a"
                " smaller size, another format, or more bytes.",
            )
        else:
            over = level
        hurry = monotonic() > end
        if over - fitting <= 1 or (best and hurry):
            break
        aim = _AIM if best or left > 2 else _AIM_LOWER
        forecast = (
            lowest if (left == 1 or hurry) and not best else _forecast(known, log(aim * most), curve, lowest, highest)
        )
        level = max(fitting + 1, min(over - 1, forecast))
    assert best
    return best


def _forecast(known: list[tuple[float, float]], aim: float, curve: Curve, lowest: int, highest: int) -> int:
    """Return the highest level whose size is forecast to be at most `aim`, a logarithm."""
    nearest = sorted(known, key=lambda point: abs(point[1] - aim))[:2]
    (at, size), slope = nearest[0], 1.0
    if len(nearest) == 2 and nearest[0][0] != nearest[1][0]:
        slope = max((nearest[1][1] - size) / (nearest[1][0] - at), 0.2)
    wanted = at + (aim - size) / slope
    return bisect_left(range(lowest, highest + 1), wanted, key=lambda level: curve(level + 1)) + lowest

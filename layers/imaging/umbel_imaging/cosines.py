"""The cosine transform that placeholders and perceptual hashes are made of, for pictures of a few thousand pixels."""

import math
from collections.abc import Sequence
from operator import mul

from umbel_imaging.geometry import Size


def transform(values: Sequence[float], size: Size, across: int, down: int, shift: float) -> list[list[float]]:
    """Return [row][column]: the mean over the pixels of value x cosine down x cosine across, for low frequencies.

    With a shift of 0.5 a pixel stands for its middle, as in the usual transform; with 0 for its left upper corner.
    """
    width, height = size
    columns, rows = _cosines(width, across, shift), _cosines(height, down, shift)
    lines = [values[at : at + width] for at in range(0, width * height, width)]
    sums = [[sum(map(mul, line, cosines)) for line in lines] for cosines in columns]
    return [[sum(map(mul, column, cosines)) / (width * height) for column in sums] for cosines in rows]


def _cosines(length: int, frequencies: int, shift: float) -> list[list[float]]:
    return [
        [math.cos(math.pi * frequency * (at + shift) / length) for at in range(length)]
        for frequency in range(frequencies)
    ]

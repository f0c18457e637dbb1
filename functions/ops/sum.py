"""A total."""

import builtins
import math

from umbel_core.errors import Rejected
from umbel_core.op import op


@op(memory_mb=256, timeout_seconds=10, batch=10)
def sum(numbers: list[float]) -> float:  # noqa: A001 - an op has its file's name
    """Add the numbers up; whole numbers stay whole."""
    whole = all(isinstance(number, int) for number in numbers)
    try:
        total = builtins.sum(numbers) if whole else math.fsum(numbers)
        fits = math.isfinite(total)
    except (OverflowError, ValueError):
        fits = False
    if not fits:
        raise Rejected("too_large_numbers", "The total has no place among numbers of 64 bits; scale the numbers down.")
    return total

"""A total."""

import builtins
import math

from umbel_core.op import op


@op(memory_mb=256, timeout_seconds=10, batch=10)
def sum(numbers: list[float]) -> float:  # noqa: A001 - an op has its file's name
    """Add the numbers up; whole numbers stay whole."""
    whole = all(isinstance(number, int) for number in numbers)
    return builtins.sum(numbers) if whole else math.fsum(numbers)

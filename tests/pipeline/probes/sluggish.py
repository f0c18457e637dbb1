"""A second test op that takes time, for tests with two lanes."""

import time

from umbel_core.op import op


@op(memory_mb=128)
def sluggish(numbers: list[float]) -> float:
    """Add the numbers up after a pause."""
    time.sleep(0.3)
    return sum(numbers)

"""A probe: a second lane of work that only waits."""

import time

from umbel_core.op import op


@op(memory_mb=128)
def sluggish(numbers: list[float]) -> float:
    """Add the numbers up, after a while."""
    time.sleep(0.3)
    return sum(numbers)

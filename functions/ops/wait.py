"""A pause."""

import time
from typing import Annotated

from umbel_core.op import Bounds, op


@op(memory_mb=128, timeout_seconds=65, batch=1)
def wait(seconds: Annotated[float, Bounds(ge=0, le=60, description="Seconds")]) -> float:
    """Wait so many seconds, and say how many they were."""
    time.sleep(seconds)
    return seconds

"""A probe: many short tasks, whose lane is soon rid of a worker that died."""

import time

from umbel_core.op import op


@op(memory_mb=128, timeout_seconds=1, batch=4)
def brisk(word: str) -> str:
    """Say the word backwards, not quite at once."""
    time.sleep(0.02)
    return word[::-1]

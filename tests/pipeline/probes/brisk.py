"""A test op for many short tasks. Its short timeout makes SQS redeliver soon after a worker was killed."""

import time

from umbel_core.op import op


@op(memory_mb=128, timeout_seconds=1, batch=4)
def brisk(word: str) -> str:
    """Reverse the word after a short pause."""
    time.sleep(0.02)
    return word[::-1]

"""Wait for a condition instead of sleeping."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def wait_for(condition: Callable[[], Found | None], what: str, timeout: float = 60, every: float = 0.05) -> Found:
    """Call the condition until its result is true, and return that; fail with `what` after the timeout."""
    deadline = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {timeout:.0f} s for {what}"
        time.sleep(every)
    return found

"""Waiting for conditions."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def wait_for(condition: Callable[[], Found | None], what: str, timeout: float = 60, every: float = 0.05) -> Found:
    """What the condition gives as soon as it is true; fails, saying what was waited for, when that never comes."""
    deadline = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {timeout:.0f} s for {what}"
        time.sleep(every)
    return found

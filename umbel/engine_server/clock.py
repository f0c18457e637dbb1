"""A clock for the engine that a step of the machine's clock does not turn back."""

import time
from collections.abc import Callable


def steady(wall: Callable[[], float] = time.time, running: Callable[[], float] = time.monotonic) -> Callable[[], float]:
    """Return a stand-in for `time.time`: seconds since 1970 that follow the wall clock forward and never go back.

    The engine counts rate limits, visibility and back-offs by the wall clock. When that is set back by an hour (the
    first NTP sync, a resumed machine), it would answer 429 and deliver nothing for that hour.
    """
    ahead = wall() - running()

    def now() -> float:
        nonlocal ahead
        ahead = max(ahead, wall() - running())
        return running() + ahead

    return now

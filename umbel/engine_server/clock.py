"""Give the engine a clock that never goes back, also when the machine's clock is set back."""

import time
from collections.abc import Callable


def steady(
    wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic
) -> Callable[[], float]:
    """Return a replacement for `time.time`: seconds since 1970 that follow the wall clock, but never go back.

    The engine measures rate limits, visibility timeouts and back-offs by the wall clock. If that were set back by an
    hour (at the first NTP sync, or when a machine resumes), it would answer 429 and deliver nothing for an hour.
    """
    offset = wall() - monotonic()

    def now() -> float:
        nonlocal offset
        offset = max(offset, wall() - monotonic())
        return monotonic() + offset

    return now

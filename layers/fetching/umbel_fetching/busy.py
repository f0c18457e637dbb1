"""Busy hosts: when they ask to be called again (`Retry-After`), and what becomes of the task until then."""

import math
import time
from email.utils import parsedate_to_datetime

from umbel_core.errors import Rejected, Transient

TOO_MANY_REQUESTS = 429
LONGEST_WAIT = 60
"""Seconds that a task waits for a host. One that asks for more gets no second try."""
_MOST = 10**9


def seconds_until(value: str) -> int | None:
    """Return the seconds from now that a `Retry-After` header names, as a number or as a date; None for anything else.

    The past is 0 seconds away.
    """
    text = value.strip()
    if text.isascii() and text.isdigit():
        return int(text[:10]) if len(text) < 10 else _MOST
    try:
        left = parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None
    return min(max(0, math.ceil(left)), _MOST)


def host_busy(url: str, status: int, retry_after: int | None) -> Rejected:
    """Return the error for a URL whose host is busy: `Transient` when another try is worth its wait."""
    sentence = f"{url} answers with status {status}"
    if retry_after is None:
        return Transient("host_busy", f"{sentence} and does not say when to call again.")
    sentence = f"{sentence} and asks to be called again in {retry_after} seconds"
    if retry_after > LONGEST_WAIT:
        return Rejected("host_busy", f"{sentence}; tasks wait for {LONGEST_WAIT} seconds at most.")
    return Transient("host_busy", f"{sentence}.", after_seconds=retry_after)

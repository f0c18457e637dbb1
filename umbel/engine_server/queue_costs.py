"""Let a receive from a long queue of the engine cost less: the engine looks at each message several times.

The engine (1.5.33) fills in the fields of every message in the queue, and compares the age of each with the queue's
retention, at every receive. Of 10,000 tasks that took an eighth of the engine's CPU time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

Record = dict[str, Any]
_LAST_FIELD = "seq"
"""The field that the engine sets last; a message that has it has all others."""
_PAUSE = 1.0
"""Seconds; the shortest retention of a queue is a minute."""


def look_once() -> None:
    """Fill in a message's fields once, and expire a queue's messages at most once a second."""
    # Only the engine's own environment has this package.
    from ministack.services import sqs  # type: ignore[import-not-found]  # noqa: PLC0415

    sqs._ensure_msg_fields = filled_once(sqs._ensure_msg_fields)
    sqs._expire_retained = seldom(sqs._expire_retained, time.monotonic)


def filled_once(fill: Callable[[Record], None]) -> Callable[[Record], None]:
    """Return a function that fills in a message's fields unless it has them."""

    def fill_once(message: Record) -> None:
        if _LAST_FIELD not in message:
            fill(message)

    return fill_once


def seldom(expire: Callable[[Record], None], clock: Callable[[], float]) -> Callable[[Record], None]:
    """Return a function that expires the messages of a queue unless it did so in the last second."""
    due: dict[str, float] = {}

    def expire_seldom(queue: Record) -> None:
        name, now = queue["attributes"]["QueueArn"], clock()
        if now >= due.get(name, 0.0):
            due[name] = now + _PAUSE
            expire(queue)

    return expire_seldom

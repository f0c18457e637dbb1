"""A probe: work that takes as long as it is told."""

import time
from typing import Annotated

from umbel_core.errors import Rejected
from umbel_core.op import Bounds, op

Seconds = Annotated[float, Bounds(ge=0, le=30, description="How long it takes")]


@op(memory_mb=128, timeout_seconds=30)
def slow(word: str, *, seconds: Seconds = 0.3) -> str:
    """Say the word backwards, after a while; a bad one not at all."""
    if word == "bad":
        raise Rejected("bad_word", "That is not said here.")
    time.sleep(seconds)
    return word[::-1]

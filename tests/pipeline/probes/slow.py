"""A test op that takes as long as its parameter says."""

import time
from typing import Annotated

from umbel_core.errors import Rejected
from umbel_core.op import Bounds, op

Seconds = Annotated[float, Bounds(ge=0, le=30, description="How long it takes")]


@op(memory_mb=128, timeout_seconds=30)
def slow(word: str, *, seconds: Seconds = 0.3) -> str:
    """Reverse the word after a pause; refuse the word "bad"."""
    if word == "bad":
        raise Rejected("bad_word", "This word is not allowed.")
    time.sleep(seconds)
    return word[::-1]

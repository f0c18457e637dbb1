"""A probe: work that must be done in order within its group."""

import time

from umbel_core.errors import Rejected
from umbel_core.op import op


@op(memory_mb=128, timeout_seconds=20, batch=10, ordered=True)
def inorder(word: str) -> str:
    """Say the word in capitals, unless it is a bad one."""
    time.sleep(0.05)
    if word.startswith("bad"):
        raise Rejected("bad_word", f"'{word}' is not said here.")
    return word.upper()

"""A test op that is ordered: the tasks of a group run one after another."""

import time

from umbel_core.errors import Rejected
from umbel_core.op import op


@op(memory_mb=128, timeout_seconds=20, batch=10, ordered=True)
def inorder(word: str) -> str:
    """Return the word in capitals; refuse a word that starts with "bad"."""
    time.sleep(0.05)
    if word.startswith("bad"):
        raise Rejected("bad_word", f"The word '{word}' is not allowed.")
    return word.upper()

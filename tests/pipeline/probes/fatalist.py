"""A test op of an ordered lane that ends its worker's process when its input says so."""

import os

from umbel_core.op import op


@op(memory_mb=128, timeout_seconds=1, batch=10, ordered=True)
def fatalist(word: str) -> str:
    """End the process if the word is "die", else return the word in capitals."""
    if word == "die":
        os._exit(1)
    return word.upper()

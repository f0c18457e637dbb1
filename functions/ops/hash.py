"""A text's fingerprint."""

import hashlib

from umbel_core.op import op


@op(memory_mb=256, timeout_seconds=10, batch=10)
def hash(text: str) -> str:  # noqa: A001 - an op has its file's name
    """Give the text's SHA-256 in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()

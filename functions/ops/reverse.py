"""Text back to front."""

from umbel_core.op import op


@op(memory_mb=256, timeout_seconds=10, batch=10)
def reverse(text: str) -> str:
    """Turn the text back to front."""
    return text[::-1]

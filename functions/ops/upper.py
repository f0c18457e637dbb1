"""Text in capitals."""

from umbel_core.op import op


@op(memory_mb=256, timeout_seconds=10, batch=10)
def upper(text: str) -> str:
    """Write the text in capitals."""
    return text.upper()

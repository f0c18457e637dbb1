"""A test op that fails as often as a file says."""

from pathlib import Path

from umbel_core.op import op


@op(memory_mb=128, batch=10)
def faulty(file: str) -> str:
    """Raise an error and count the file's number down, until it is 0."""
    left = int(Path(file).read_text())
    if left > 0:
        Path(file).write_text(str(left - 1))
        raise OSError(f"{left} errors left")
    return "succeeded"

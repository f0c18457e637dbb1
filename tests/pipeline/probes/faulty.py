"""A probe: a program with as many faults left as a file says."""

from pathlib import Path

from umbel_core.op import op


@op(memory_mb=128, batch=10)
def faulty(file: str) -> str:
    """Fail until the file's number is used up."""
    left = int(Path(file).read_text())
    if left > 0:
        Path(file).write_text(str(left - 1))
        raise OSError(f"{left} faults to go")
    return "mended"

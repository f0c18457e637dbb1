"""A test op that ends its worker's process once."""

import os
from pathlib import Path

from umbel_core.op import op


@op(memory_mb=128, timeout_seconds=1)
def fatal(file: str) -> str:
    """Delete the file and end the process if the file exists; else succeed."""
    if Path(file).exists():
        Path(file).unlink()
        os._exit(1)
    return "survived"

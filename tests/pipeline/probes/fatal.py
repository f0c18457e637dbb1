"""A probe: it takes its worker down with it, once."""

import os
from pathlib import Path

from umbel_core.op import op


@op(memory_mb=128, timeout_seconds=1)
def fatal(file: str) -> str:
    """End the process in mid-task while the file is there."""
    if Path(file).exists():
        Path(file).unlink()
        os._exit(1)
    return "survived"

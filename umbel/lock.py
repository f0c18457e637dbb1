"""One lock around set-up, `up`, `down` and `clean`: whoever comes second waits, and then finds the work done.

It belongs to a folder: the state's (`UMBEL_HOME`) for what runs, the checkout's own for what set-up makes.
The kernel holds it for as long as the process lives, so that a killed one leaves nothing behind. Standard library only.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from umbel import processes, steps
from umbel.home import HOME

_held: set[Path] = set()
"""Folders whose lock this process has."""


@contextlib.contextmanager
def held(purpose: str, folder: Path = HOME) -> Iterator[None]:
    """Hold the lock of a folder for the block; wait for the process that has it, and name that process.

    Within the block the same process may ask again. `purpose` is what a waiting process tells its user.
    """
    if folder in _held:
        yield
        return
    file = _take(folder / "lock")
    _held.add(folder)
    try:
        file.seek(0)
        file.truncate()
        file.write(f"{purpose} (process {os.getpid()})")
        file.flush()
        # Whoever had the lock before and was killed may have left a command at work.
        processes.kill_orphans()
        yield
    finally:
        _held.discard(folder)
        file.truncate(0)
        file.close()


def _take(path: Path) -> IO[str]:
    """Open and lock the file; again when it was deleted while we waited (`make clean`)."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Opened for appending: the holder's words stay until they are read.
        file = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            with steps.step(f"waiting for {file.read().strip() or 'another process'}"):
                fcntl.flock(file, fcntl.LOCK_EX)
        if path.exists() and os.path.samestat(path.stat(), os.fstat(file.fileno())):
            return file
        file.close()

"""Lock a folder during set-up, `up`, `down` and `clean`: a second process waits, and then finds the work done.

There are two locks: that of `UMBEL_HOME` for `up` and `down`, and that of the checkout for set-up. The kernel releases
a lock when its process ends, however it ends. Standard library only.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from umbel import processes, progress
from umbel.paths import HOME

_held: set[Path] = set()
"""Folders that this process has locked."""


@contextlib.contextmanager
def held(purpose: str, folder: Path = HOME) -> Iterator[None]:
    """Hold the lock of a folder during the block. While another process has it, wait and show what that process does.

    The lock is reentrant. `purpose` is what waiting processes show to their users.
    """
    if folder in _held:
        yield
        return
    file = _acquire(folder / "lock")
    _held.add(folder)
    try:
        file.seek(0)
        file.truncate()
        file.write(f"{purpose} (process {os.getpid()})")
        file.flush()
        # A process that had the lock before and was killed may have left a command running.
        processes.kill_orphans()
        yield
    finally:
        _held.discard(folder)
        file.truncate(0)
        file.close()


def _acquire(path: Path) -> IO[str]:
    """Open and lock the file; repeat when `make clean` deleted the file while this process waited."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Opened for appending, which does not delete the purpose that the other process wrote.
        file = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            with progress.step(f"waiting for {file.read().strip() or 'another process'}"):
                fcntl.flock(file, fcntl.LOCK_EX)
        if path.exists() and os.path.samestat(path.stat(), os.fstat(file.fileno())):
            return file
        file.close()

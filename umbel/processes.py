"""A command with all that it started: how much it has computed, and how it is stopped without a trace.

Standard library only, because set-up needs it before psutil is there.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from umbel.home import ROOT

_PROC = Path("/proc")
_PAUSE = 0.05
_MARK = "UMBEL_STARTED_BY"


@dataclass(frozen=True)
class _Process:
    pid: int
    parent: int
    session: int
    seconds: float


def seconds(leader: int) -> float:
    """Return the processor time of a session leader and all that it started, in seconds."""
    return sum(process.seconds for process in _family(leader, frozenset()).values())


def stop(leader: int, grace: float) -> None:
    """End a session leader and all that it started: ask, and after `grace` seconds kill.

    What made itself a session of its own is known by its parents, which are looked up before those end.
    """
    known: set[int] = set()
    deadline = time.monotonic() + grace
    asked: set[int] = set()
    while left := _family(leader, known):
        known |= set(left)
        late = time.monotonic() >= deadline
        for pid in left:
            if late or pid not in asked:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
        asked |= set(left)
        if time.monotonic() >= deadline + grace:
            return
        time.sleep(_PAUSE)


def running_from(folder: Path) -> list[int]:
    """Return the processes whose program was started from below a folder."""
    begins = f"{folder}/"
    if not (_PROC / "self" / "cmdline").exists():
        said = subprocess.run(["ps", "-A", "-o", "pid=,command="], capture_output=True, text=True, check=False).stdout  # noqa: S607 - the system's
        rows = (line.split(maxsplit=1) for line in said.splitlines())
        return [int(row[0]) for row in rows if len(row) == 2 and row[1].startswith(begins)]
    found = []
    for process in _everyone():
        with contextlib.suppress(OSError):
            if os.fsdecode((_PROC / str(process.pid) / "cmdline").read_bytes()).startswith(begins):
                found.append(process.pid)
    return found


def marked() -> dict[str, str]:
    """Return the variable that marks a command as started by this process, for the command and all that it starts."""
    return {_MARK: f"{ROOT}:{os.getpid()}"}


def kill_orphans() -> None:
    """Kill what commands of this checkout are still at work after the process that started them was killed.

    Where the system does not show a process's environment (no /proc) nothing is found.
    """
    for process in _everyone():
        if _is_orphan(process.pid):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process.pid, signal.SIGKILL)


def _is_orphan(pid: int) -> bool:
    try:
        variables = (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return False
    begins = os.fsencode(f"{_MARK}={ROOT}:")
    starter = next((each[len(begins) :] for each in variables if each.startswith(begins)), b"")
    # A zombie has been killed, too, however long nobody asks how it ended.
    return starter.isdigit() and _from_proc(starter.decode()) is None


def _family(leader: int, known: set[int] | frozenset[int]) -> dict[int, _Process]:
    """Return the living: the leader, its session, those known from before, and the children of them all."""
    everyone = {process.pid: process for process in _everyone()}
    found = {pid for pid, process in everyone.items() if pid in known or leader in (pid, process.session)}
    while more := {pid for pid, process in everyone.items() if process.parent in found} - found:
        found |= more
    return {pid: everyone[pid] for pid in found}


def _everyone() -> list[_Process]:
    if (_PROC / "self" / "stat").exists():
        return [found for name in os.listdir(_PROC) if name.isdigit() and (found := _from_proc(name))]  # noqa: PTH208 - some hundred names
    return _from_ps()


def _from_proc(pid: str) -> _Process | None:
    try:
        said = (_PROC / pid / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name comes first, in brackets, and may have brackets itself.
    state, parent, _, session, *rest = said.rpartition(")")[2].split()
    if state in "ZX":
        return None
    ticks = sum(map(int, rest[7:11]))
    return _Process(int(pid), int(parent), int(session), ticks / os.sysconf("SC_CLK_TCK"))


def _from_ps() -> list[_Process]:
    """Ask `ps`, where there is no /proc. The group stands for the session: its number is the same there."""
    command = ["ps", "-A", "-o", "pid=,ppid=,pgid=,stat=,time="]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603 - the system's
    except OSError:
        return []
    rows = (line.split() for line in said.splitlines())
    return [
        _Process(int(pid), int(parent), int(group), _clock(spent))
        for pid, parent, group, state, spent in rows
        if not state.startswith("Z")
    ]


def _clock(text: str) -> float:
    """Read `1-02:03:04` or `3:04.50` as seconds."""
    total = 0.0
    for part, size in zip(reversed(re.split("[-:]", text)), (1, 60, 3600, 86_400), strict=False):
        total += float(part) * size
    return total

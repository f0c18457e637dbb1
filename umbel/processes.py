"""Measure and stop a command together with all processes that it started.

Standard library only, because set-up needs it before psutil is installed.
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

from umbel.paths import ROOT

_PROC = Path("/proc")
_PAUSE = 0.05
_MARKER = "UMBEL_STARTED_BY"


@dataclass(frozen=True)
class _Process:
    pid: int
    parent: int
    session: int
    seconds: float


def cpu_seconds(leader: int) -> float:
    """Return the CPU time of a session leader and all processes that it started, in seconds."""
    return sum(process.seconds for process in _family(leader, frozenset()).values())


def stop(leader: int, grace: float) -> None:
    """Terminate a session leader and all processes that it started; kill those that still run after `grace` seconds.

    A child that started a session of its own is found by its parent, so the tree is read before any parent ends.
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
    """Return the ids of the processes whose program lies in a folder."""
    prefix = f"{folder}/"
    if not (_PROC / "self" / "cmdline").exists():
        output = subprocess.run(["ps", "-A", "-o", "pid=,command="], capture_output=True, text=True, check=False).stdout  # noqa: S607 - the system's
        rows = (line.split(maxsplit=1) for line in output.splitlines())
        return [int(row[0]) for row in rows if len(row) == 2 and row[1].startswith(prefix)]
    found = []
    for process in _all_processes():
        with contextlib.suppress(OSError):
            if os.fsdecode((_PROC / str(process.pid) / "cmdline").read_bytes()).startswith(prefix):
                found.append(process.pid)
    return found


def marker_variable() -> dict[str, str]:
    """Return the variable that marks a command, and all that it starts, as started by this process."""
    return {_MARKER: f"{ROOT}:{os.getpid()}"}


def kill_orphans() -> None:
    """Kill commands of this checkout that still run although the process that started them was killed.

    Without /proc, which shows a process's environment, none is found.
    """
    for process in _all_processes():
        if _is_orphan(process.pid):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process.pid, signal.SIGKILL)


def _is_orphan(pid: int) -> bool:
    try:
        variables = (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return False
    prefix = os.fsencode(f"{_MARKER}={ROOT}:")
    starter = next((each[len(prefix) :] for each in variables if each.startswith(prefix)), b"")
    # A zombie counts as killed: _from_proc returns None for it.
    return starter.isdigit() and _from_proc(starter.decode()) is None


def _family(leader: int, known: set[int] | frozenset[int]) -> dict[int, _Process]:
    """Return those that run of: the leader, its session, the processes known from before, and all their children."""
    running = {process.pid: process for process in _all_processes()}
    found = {pid for pid, process in running.items() if pid in known or leader in (pid, process.session)}
    while more := {pid for pid, process in running.items() if process.parent in found} - found:
        found |= more
    return {pid: running[pid] for pid in found}


def _all_processes() -> list[_Process]:
    """Return every process of this machine that is not a zombie."""
    if (_PROC / "self" / "stat").exists():
        return [found for name in os.listdir(_PROC) if name.isdigit() and (found := _from_proc(name))]  # noqa: PTH208 - some hundred names
    return _from_ps()


def _from_proc(pid: str) -> _Process | None:
    try:
        text = (_PROC / pid / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name is in parentheses and may contain parentheses itself, so the fields start after the last one.
    state, parent, _, session, *rest = text.rpartition(")")[2].split()
    if state in "ZX":
        return None
    ticks = sum(map(int, rest[7:11]))
    return _Process(int(pid), int(parent), int(session), ticks / os.sysconf("SC_CLK_TCK"))


def _from_ps() -> list[_Process]:
    """Read the processes from `ps`, where there is no /proc. The process group stands in for the session."""
    command = ["ps", "-A", "-o", "pid=,ppid=,pgid=,stat=,time="]
    try:
        output = subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603 - a system tool
    except OSError:
        return []
    rows = (line.split() for line in output.splitlines())
    return [
        _Process(int(pid), int(parent), int(group), _parse_seconds(spent))
        for pid, parent, group, state, spent in rows
        if not state.startswith("Z")
    ]


def _parse_seconds(text: str) -> float:
    """Parse `1-02:03:04` or `3:04.50` into seconds."""
    total = 0.0
    for part, size in zip(reversed(re.split("[-:]", text)), (1, 60, 3600, 86_400), strict=False):
        total += float(part) * size
    return total

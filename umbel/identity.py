"""Tell which processes belong to this checkout's run, by their working folder and environment, never by the clock.

An engine works in its run's folder `run/tmp`. The system follows that folder when the checkout is moved, and a copy of
the checkout is another folder: so the working folder says whose process it is, whatever files were moved or copied.
"""

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil

from umbel.home import SCRATCH

RUN_ID = "UMBEL_RUN_ID"
"""The engine's environment variable with its run's id. Its children are not given it, and are told from it by that."""
PERSISTS = "UMBEL_DATA"
"""The engine's environment variable with the folder of its snapshots; not set when it keeps nothing."""
REACHED_AS = "UMBEL_REACHED_AS"
"""The engine's environment variable with the hosts that it was started with, as `umbel.hosts` reads them."""
_DIES_WITHIN = 5.0


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """A living engine, as its process describes it."""

    pid: int
    run: str
    port: int
    persist: bool
    hosts: tuple[str, ...]
    """Under which names browsers on other machines reach it."""
    scratch: str
    """The working folder that it was started in; another one than its present one after a move."""


def engine(pid: int | None = None) -> Running | None:
    """Return this checkout's living engine: the process `pid` if it is that, else whichever process is."""
    if pid is not None:
        with contextlib.suppress(psutil.Error):
            if found := _engine(psutil.Process(pid)):
                return found
    return next((found for process in psutil.process_iter() if (found := _engine(process))), None)


def kill_all() -> None:
    """Kill every process of this checkout's run: the engine, and functions in mid-call, which outlive it."""
    ours = [process for process in psutil.process_iter() if _is_ours(process)]
    for process in ours:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    psutil.wait_procs(ours, timeout=_DIES_WITHIN)


def holder(port: int) -> str | None:
    """Say who listens on the port, as far as this user may know; an engine of another checkout by its folder."""
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
            if listens and connection.pid:
                return _named(psutil.Process(connection.pid))
    return None


def _named(process: psutil.Process) -> str:
    scratch = _scratch(process)
    with contextlib.suppress(psutil.Error, OSError):
        if scratch and RUN_ID in process.environ():
            home = scratch.parents[1]
            folder = home.parent if home.name == ".umbel" else home
            if not scratch.is_dir():
                return f"an Umbel whose folder {folder} was deleted (process {process.pid}; kill {process.pid} ends it)"
            return f"the Umbel of {folder} (process {process.pid})"
    return f"{process.name()} (process {process.pid})"


def _engine(process: psutil.Process) -> Running | None:
    if _scratch(process) != SCRATCH and not _is_ours(process):
        return None
    with contextlib.suppress(psutil.Error, OSError, ValueError, KeyError):
        environment = process.environ()
        return Running(
            pid=process.pid,
            run=environment[RUN_ID],
            port=int(environment["GATEWAY_PORT"]),
            persist=PERSISTS in environment,
            hosts=tuple(filter(None, environment.get(REACHED_AS, "").split(","))),
            scratch=environment["TMPDIR"],
        )
    return None


def _is_ours(process: psutil.Process) -> bool:
    """Whether a process belongs to this checkout's run.

    It works in our run's folder, or it was given our temporary folder and works in no other run's folder that exists:
    an engine whose checkout was moved away from here keeps the old path in its environment.
    """
    scratch = _scratch(process)
    if scratch == SCRATCH:
        return True
    if scratch and scratch.is_dir():
        return False
    try:
        return process.environ().get("TMPDIR") == str(SCRATCH)
    except (psutil.Error, OSError):
        return False


def _scratch(process: psutil.Process) -> Path | None:
    """Return the run's temporary folder that the process works in; its name alone when it was deleted."""
    try:
        folder = Path(process.cwd())
    except (psutil.Error, OSError):
        return None
    return next(_runs_above(folder), None)


def _runs_above(folder: Path) -> Iterator[Path]:
    for path in (folder, *folder.parents):
        if path.name == SCRATCH.name and path.parent.name == SCRATCH.parent.name:
            yield path

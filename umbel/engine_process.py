"""Find the processes of this checkout's run by their working folder and environment.

An engine's working folder is `run/tmp` of its run. When the checkout is moved, the system reports the new path; a copy
of the checkout is another folder. So the working folder identifies the run, whatever files were moved or copied.
"""

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil

from umbel.paths import SCRATCH

RUN_ID = "UMBEL_RUN_ID"
"""The engine's variable with the id of its run. Its child processes do not get it, so none is taken for the engine."""
PERSISTS = "UMBEL_DATA"
"""The engine's environment variable with the folder of its snapshots; not set when it does not persist."""
REACHED_AS = "UMBEL_REACHED_AS"
"""The engine's environment variable with the hosts that it was started with, as `umbel.host_names` reads them."""
_KILL_TIMEOUT = 5.0


class EngineProcess(msgspec.Struct, frozen=True, kw_only=True):
    """A running engine, as the variables of its process describe it."""

    pid: int
    run: str
    port: int
    persist: bool
    hosts: tuple[str, ...]
    """The host names that browsers on other machines use."""
    scratch: str
    """The working folder that it was started in; its present one differs after a move of the checkout."""


def find(pid: int | None = None) -> EngineProcess | None:
    """Return this checkout's running engine, or None. The process `pid` is tried first, which is fast."""
    if pid is not None:
        with contextlib.suppress(psutil.Error):
            if found := _engine(psutil.Process(pid)):
                return found
    return next((found for process in psutil.process_iter() if (found := _engine(process))), None)


def kill_all() -> None:
    """Kill every process of this checkout's run: the engine, and running functions, which would outlive it."""
    ours = [process for process in psutil.process_iter() if _is_ours(process)]
    for process in ours:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    psutil.wait_procs(ours, timeout=_KILL_TIMEOUT)


def port_holder(port: int) -> str | None:
    """Describe the process that listens on the port; None when this user may not see it.

    An engine of another checkout is described by its folder.
    """
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
            if listens and connection.pid:
                return _describe(psutil.Process(connection.pid))
    return None


def _describe(process: psutil.Process) -> str:
    scratch = _scratch(process)
    with contextlib.suppress(psutil.Error, OSError):
        if scratch and RUN_ID in process.environ():
            home = scratch.parents[1]
            folder = home.parent if home.name == ".umbel" else home
            if not scratch.is_dir():
                return f"an Umbel whose folder {folder} was deleted (stop it with: kill {process.pid})"
            return f"the Umbel of {folder} (process {process.pid})"
    return f"{process.name()} (process {process.pid})"


def _engine(process: psutil.Process) -> EngineProcess | None:
    if _scratch(process) != SCRATCH and not _is_ours(process):
        return None
    with contextlib.suppress(psutil.Error, OSError, ValueError, KeyError):
        environment = process.environ()
        return EngineProcess(
            pid=process.pid,
            run=environment[RUN_ID],
            port=int(environment["GATEWAY_PORT"]),
            persist=PERSISTS in environment,
            hosts=tuple(filter(None, environment.get(REACHED_AS, "").split(","))),
            scratch=environment["TMPDIR"],
        )
    return None


def _is_ours(process: psutil.Process) -> bool:
    """Return whether a process belongs to this checkout's run.

    Its working folder is in our run's folder; or its TMPDIR is our temporary folder and its working folder is in no
    other run's folder that exists. The second condition matters after a move: an engine whose checkout was moved away
    from this path still has this path in its TMPDIR.
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
    """Return the temporary folder of the run that the process's working folder is in; None when it is in none."""
    try:
        folder = Path(process.cwd())
    except (psutil.Error, OSError):
        return None
    return next(_runs_above(folder), None)


def _runs_above(folder: Path) -> Iterator[Path]:
    """Yield the temporary folders of runs (`…/run/tmp`) among a folder and its parents."""
    for path in (folder, *folder.parents):
        if path.name == SCRATCH.name and path.parent.name == SCRATCH.parent.name:
            yield path

"""Measure the CPU time and memory of the engine and of the functions that run in it."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from umbel import engine
from umbel.stack import STACK


def processes() -> dict[str, list[psutil.Process]]:
    """Return name -> processes: this client, the local engine, and each function that runs in it now."""
    found = {"client": [psutil.Process()]}
    ours = engine.running()
    if ours is None:
        return found
    engine_process = psutil.Process(ours.pid)
    found["engine"] = [engine_process]
    for process in engine_process.children():
        with contextlib.suppress(psutil.Error):
            name = process.environ().get("AWS_LAMBDA_FUNCTION_NAME", "?").removeprefix(f"{STACK}-")
            found.setdefault(name, []).append(process)
    return found


@contextlib.contextmanager
def cpu_seconds() -> Iterator[dict[str, float]]:
    """Yield a dict that is filled at the end of the block: name -> CPU seconds used in the block."""
    before = _cpu_seconds()
    spent: dict[str, float] = {}
    yield spent
    spent |= {name: round(total - before.get(name, 0), 1) for name, total in _cpu_seconds().items()}
    for name in [name for name, seconds in spent.items() if seconds < 0.1]:
        del spent[name]


def engine_kb() -> int:
    """Return how much memory the engine's process uses now, in kB."""
    return sum(process.memory_info().rss for process in processes().get("engine", [])) // 1024


def peak_mb() -> dict[str, int]:
    """Return name -> the largest amount of memory that one of its processes has used, in MB."""
    return {name: max(_peak_mb(p.pid) for p in some) for name, some in processes().items()}


def _cpu_seconds() -> dict[str, float]:
    return {name: sum(p.cpu_times().user + p.cpu_times().system for p in some) for name, some in processes().items()}


def _peak_mb(pid: int) -> int:
    with Path(f"/proc/{pid}/status").open(encoding="ascii") as status:
        return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM"))


def show(numbers: dict[str, Any]) -> None:
    """Print numbers as one line of JSON."""
    print(json.dumps({name: round(n, 2) if isinstance(n, float) else n for name, n in numbers.items()}), flush=True)

"""What the engine and the functions in it cost this machine."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from umbel import engine
from umbel.stack import STACK


def processes() -> dict[str, list[psutil.Process]]:
    """Who asks, the engine, and the functions that run in it now, by name; functions on AWS are not here."""
    found = {"client": [psutil.Process()]}
    ours = engine.running()
    if ours is None:
        return found
    here = psutil.Process(ours.pid)
    found["engine"] = [here]
    for process in here.children():
        with contextlib.suppress(psutil.Error):
            name = process.environ().get("AWS_LAMBDA_FUNCTION_NAME", "?").removeprefix(f"{STACK}-")
            found.setdefault(name, []).append(process)
    return found


@contextlib.contextmanager
def cpu_seconds() -> Iterator[dict[str, float]]:
    """Filled when the block ends: the processor's time that each has had in it."""
    before = _cpu_seconds()
    spent: dict[str, float] = {}
    yield spent
    spent |= {name: round(total - before.get(name, 0), 1) for name, total in _cpu_seconds().items()}
    for name in [name for name, seconds in spent.items() if seconds < 0.1]:
        del spent[name]


def peak_mb() -> dict[str, int]:
    """The most memory that a process of each has had."""
    return {name: max(_high_water(p.pid) for p in some) for name, some in processes().items()}


def _cpu_seconds() -> dict[str, float]:
    return {name: sum(p.cpu_times().user + p.cpu_times().system for p in some) for name, some in processes().items()}


def _high_water(pid: int) -> int:
    with Path(f"/proc/{pid}/status").open(encoding="ascii") as status:
        return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM"))


def show(numbers: dict[str, Any]) -> None:
    """A line of JSON."""
    print(json.dumps({name: round(n, 2) if isinstance(n, float) else n for name, n in numbers.items()}), flush=True)

"""Every picture op on thousands of real, odd, damaged and malicious files: each run ends with a result or a refusal."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue

import msgspec

from tests.trust.corpora_files import Unreachable, debian_pictures, pillow_pictures
from tests.trust.corpora_judge import Run, picture_ops
from tests.trust.section import Section
from umbel.paths import ROOT
from umbel_core.contract.errors import ERRORS

MOST_SECONDS = 10
_SHOWN = 40
MOST_MEMORY = 0.7
"""Part of the lane's memory; Lambda kills a function that takes more than all of it."""


def run() -> Section:
    """Fetch the files, run every op on each and return what was found."""
    notes: dict[str, int | str] = {}
    files: list[Path] = []
    for name, fetch in {"Pillow's Tests/images": pillow_pictures, "Debian source packages": debian_pictures}.items():
        try:
            found = fetch()
        except Unreachable as error:
            notes[name] = f"not run: {error}"
            continue
        notes[name] = f"{len(found)} files"
        files += found
    begun = time.monotonic()
    runs = list(judged(files))
    notes |= {"runs": len(runs), "minutes": f"{(time.monotonic() - begun) / 60:.1f}"}
    return Section("Real pictures", notes | numbers(runs), broken(runs) if files else ["no file could be fetched"])


def judged(files: list[Path]) -> Iterator[Run]:
    """Return the runs of every op on every file, in as many processes as there are processors."""
    waiting: SimpleQueue[Path] = SimpleQueue()
    for path in files:
        waiting.put(path)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for runs in [pool.submit(_judged, waiting) for _ in range(os.cpu_count() or 1)]:
            yield from runs.result()


def numbers(runs: list[Run]) -> dict[str, int | str]:
    """Return what the report says about runs: how they ended, and the most that they took."""
    if not runs:
        return {}
    slowest, largest = max(runs, key=lambda run: run.seconds), max(runs, key=_memory)
    codes = Counter(run.code for run in runs)
    ends: dict[str, int | str] = dict(codes.most_common())
    return ends | {
        "files that some ops take and some refuse": len(divided(runs)),
        "longest run": f"{slowest.seconds:.1f} s ({slowest.op}, {slowest.file})",
        "largest part of a lane's memory": f"{_memory(largest):.2f} ({largest.op}, {largest.file})",
    }


def divided(runs: list[Run]) -> set[str]:
    """Return the files that some ops found damaged, and from which others made a result."""
    taken = {run.file for run in runs if run.code == "completed" and run.op.split()[0] != "info"}
    return taken & {run.file for run in runs if run.code in ("broken_picture", "truncated_picture")}


def broken(runs: list[Run]) -> list[str]:
    """Return a sentence for each run that broke a promise; at most forty and the number of the others."""
    errors = [f"{run.op}, {run.file}: {error}" for run in runs if (error := _error(run))]
    return errors[:_SHOWN] + [f"and {len(errors) - _SHOWN} more"] * (len(errors) > _SHOWN)


def _error(run: Run) -> str:
    if run.code != "completed" and run.code not in ERRORS:
        return f"{run.code}: {run.detail}"
    if run.code != "completed" and not run.detail.endswith("."):
        return f"{run.code} has no sentence: {run.detail!r}"
    if run.seconds > MOST_SECONDS:
        return f"took {run.seconds:.1f} s"
    return f"took {_memory(run):.2f} of the lane's memory" if _memory(run) > MOST_MEMORY else ""


_LANES = {name: card.compute.memory_mb for name, card in picture_ops().items()}


def _memory(run: Run) -> float:
    """Return the part of the lane's memory that a run took."""
    return run.megabytes / _LANES[run.op.split()[0]]


def _judged(waiting: SimpleQueue[Path]) -> list[Run]:
    """Give files to one process until none waits."""
    command = [sys.executable, "-I", "-m", "tests.trust.corpora_judge"]
    runs: list[Run] = []
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        while True:
            try:
                path = waiting.get_nowait()
            except Empty:
                break
            process.stdin.write(f"{path}\n".encode())
            process.stdin.flush()
            runs += msgspec.json.decode(process.stdout.readline(), type=list[Run])
        process.stdin.close()
    return runs

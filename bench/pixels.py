"""`make bench-pixels`: compare each op with libvips and with sharp, and write the table into docs/performance.md.

    python -m bench.pixels [--rounds 7] [--only blur]

CPU milliseconds (user + system) from bytes to bytes, on one thread, as a lane has about one core. The rounds alternate
between the programs, and the least value of each counts, so that other load affects all of them equally.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from bench.pixels_table import EXACT, Cell, load, save, table, write
from bench.pixels_works import WORKS, pyvips
from tests.ops.measuring import psnr
from tests.pictures.large import large_photo

INPUTS = {
    "12 MP JPEG": ("JPEG", 4032, 3024),
    "3 MP JPEG": ("JPEG", 2048, 1536),
    "0.3 MP JPEG": ("JPEG", 720, 480),
    "3 MP PNG": ("PNG", 2048, 1536),
}
SHARP = Path(__file__).parent / "sharp"
ENVIRONMENT = {
    "PYTHONPATH": os.pathsep.join([".", "functions", "layers/core", "layers/fetching", "layers/imaging"]),
    "VIPS_CONCURRENCY": "1",
    # As in the lanes (infra/lanes.py), and for all programs alike.
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "1073741824",
}


class Program:
    """A program that runs works, in a process of its own."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | ENVIRONMENT
        )
        self.version: str = self._answer()["version"]

    def run(self, work: str, path: Path, kind: str, out: Path | None = None) -> dict[str, Any] | None:
        """Run a work; return its CPU time and peak memory, None when the program does not have it."""
        assert self._process.stdin
        job = {"work": work, "input": str(path), "format": kind, "out": out and str(out)}
        print(json.dumps(job), file=self._process.stdin, flush=True)
        found: dict[str, Any] | None = self._answer()
        return found

    def _answer(self) -> Any:
        assert self._process.stdout
        return json.loads(self._process.stdout.readline())

    def end(self) -> None:
        """End the process."""
        self._process.communicate()


def commands() -> dict[str, list[str]]:
    """Return how each program that this machine has is started."""
    found = {"umbel": [sys.executable, "-m", "bench.pixels_peer", "umbel"]}
    if pyvips:
        found["pyvips"] = [sys.executable, "-m", "bench.pixels_peer", "pyvips"]
    if (SHARP / "node_modules").exists():
        found["sharp"] = ["node", str(SHARP / "peer.mjs")]
    return found


@contextmanager
def programs() -> Iterator[dict[str, Program]]:
    """Start the programs; end them with the block."""
    started = {name: Program(command) for name, command in commands().items()}
    try:
        yield started
    finally:
        for program in started.values():
            program.end()


def measured(work: str, path: Path, rounds: int) -> Cell:
    """Run a work on a file in all programs, in turns, and compare their results with the exact one."""
    usual = WORKS[work].format or path.suffix[1:]
    cell = Cell()
    with programs() as started:
        for name, program in started.items():  # their first run: what it takes to load the code does not count
            program.run(work, path.with_name(f"warm{path.suffix}"), usual)
            found = program.run(work, path, usual, path.with_name("made"))
            if found is None:
                continue
            cell.peak_mb[name] = found["peak_mb"]
            cell.bytes[name] = path.with_name("made").stat().st_size
            if WORKS[work].exact:
                cell.psnr[name] = _psnr(work, path, program)
        for _ in range(rounds):
            for name, program in started.items():
                if name in cell.peak_mb:
                    found = program.run(work, path, usual)
                    assert found
                    cell.cpu_ms[name] = min(cell.cpu_ms.get(name, math.inf), found["cpu_ms"])
    return cell


def _psnr(work: str, path: Path, program: Program) -> float:
    """Return how near the result is to the exact one, in dB; what an encoder loses counts only if it is the work."""
    do, out = WORKS[work], path.with_name("compared")
    program.run(work, path, do.format or "png", out)
    with Image.open(path) as image, Image.open(out) as made:
        assert do.exact
        return min(psnr(made.convert("RGB"), do.exact(ImageOps.exif_transpose(image).convert("RGB"))), EXACT)


def main() -> None:
    """Measure, print each cell, and write the table."""
    parser = argparse.ArgumentParser(prog="bench.pixels")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="", help="measure the cells again whose names contain this")
    options = parser.parse_args()
    cells = load()
    with tempfile.TemporaryDirectory() as folder, programs() as started:
        versions = {name: program.version for name, program in started.items()}
        for kind, (format_name, width, height) in INPUTS.items():
            path = Path(folder, f"{width}.{format_name.lower()}")
            path.write_bytes(large_photo(width, height, format_name))
            path.with_name(f"warm{path.suffix}").write_bytes(large_photo(720, 480, format_name))
            for work in WORKS:
                name = f"{work}, {kind}"
                if options.only not in name or WORKS[work].format == format_name.lower():
                    continue
                cells[name] = measured(work, path, options.rounds)
                print(f"{name:40}{cells[name]}", flush=True)
                save(cells)
    write(table(cells, list(INPUTS), versions))


if __name__ == "__main__":
    main()

"""Run works of `bench.pixels_works` in Umbel or in libvips: one JSON line in, one out.

    python -m bench.pixels_peer umbel|pyvips

A process of its own for each, as for sharp (bench/sharp/peer.mjs), so that the memory of one is not that of another.
"""

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import PIL

from bench.pixels_works import WORKS, pyvips

_VIPS_SUFFIXES = {"jpeg": ".jpg", "png": ".png", "webp": ".webp", "avif": ".avif"}
_VIPS_SETTINGS = {
    "jpeg": {"Q": 85},
    "png": {"compression": 2},
    "webp": {"Q": 80, "effort": 2},
    "avif": {"Q": 60, "effort": 0},
}
_STATUS = Path("/proc/self/status")


def umbel(work: str, data: bytes, kind: str) -> bytes:
    """Run the work's op as its worker does."""
    from tests.ops.running import CATALOGUE, run  # noqa: PLC0415 - not what libvips needs

    own = WORKS[work]
    given: dict[str, Any] = {"format": kind} if CATALOGUE[own.op].returns == "picture" else {}
    made = run(own.op, data, **own.params, **given)
    return made.data if given else b""


def in_libvips(work: str, data: bytes, kind: str) -> bytes:
    """Run the work in libvips."""
    do = WORKS[work].vips
    assert do
    made = do(data)
    if not isinstance(made, pyvips.Image):
        return b""
    encoded: bytes = made.write_to_buffer(_VIPS_SUFFIXES[kind], keep="none", **_VIPS_SETTINGS[kind])
    return encoded


def main() -> None:
    """Answer jobs until the input ends."""
    name = sys.argv[1]
    run = umbel if name == "umbel" else in_libvips
    if name == "pyvips":
        pyvips.cache_set_max(0)
        libvips = ".".join(str(pyvips.version(part)) for part in range(3))
        print(json.dumps({"version": f"pyvips {version('pyvips')} (libvips {libvips})"}), flush=True)
    else:
        print(json.dumps({"version": f"Pillow {PIL.__version__}"}), flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        if name == "pyvips" and WORKS[job["work"]].vips is None:
            print("null", flush=True)
            continue
        data = Path(job["input"]).read_bytes()
        before = _start_of_peak()
        start = time.process_time()
        made = run(job["work"], data, job["format"])
        cpu = (time.process_time() - start) * 1000
        answer: dict[str, Any] = {"cpu_ms": cpu, "peak_mb": before and _memory("VmHWM") - before}
        if job.get("out"):
            Path(job["out"]).write_bytes(made)
        print(json.dumps(answer), flush=True)


def _start_of_peak() -> float | None:
    """Let the kernel forget the peak of the process's memory, and return its memory; None elsewhere than on Linux."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    return _memory("VmRSS")


def _memory(name: str) -> float:
    """Return a number of the process's status in MB."""
    return next(int(line.split()[1]) for line in _STATUS.read_text().splitlines() if line.startswith(name)) / 1024


if __name__ == "__main__":
    main()

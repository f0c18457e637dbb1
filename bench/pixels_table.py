"""The table of `bench.pixels`, and the figures that it is made from."""

import math
import platform
import re
from datetime import date
from pathlib import Path

import msgspec

from bench.pixels_works import WORKS

PAGE = Path("docs/performance.md")
FIGURES = Path(".build/bench/pixels.json")
OURS, PEERS = "umbel", ("pyvips", "sharp")
EXACT = 99.0
"""dB: more than any result that differs."""
_NOT_SEEN = 45
"""dB. Results that are nearer than this to the exact one are equally good."""
_MARK = re.compile("(<!-- pixels -->\n).*(<!-- /pixels -->)", re.DOTALL)


class Cell(msgspec.Struct):
    """What each program took for one work on one picture."""

    cpu_ms: dict[str, float] = {}
    peak_mb: dict[str, float | None] = {}
    bytes: dict[str, int] = {}
    psnr: dict[str, float] = {}

    def ratio(self) -> float | None:
        """Return our CPU time over that of the faster peer whose result is as good; None without one."""
        own = min(self.psnr.get(OURS, 0) - 1, _NOT_SEEN)
        times = [self.cpu_ms[peer] for peer in PEERS if peer in self.cpu_ms and self.psnr.get(peer, 0) >= own]
        return self.cpu_ms[OURS] / min(times) if times else None

    def __str__(self) -> str:
        """One line for the terminal."""
        ratio = self.ratio()
        parts = [_row(self.cpu_ms, 1) + " ms", _row(self.peak_mb, 0) + " MB", _row(self.psnr, 1) + " dB"]
        parts.append(_row({name: size / 1000 for name, size in self.bytes.items()}, 0) + " kB")
        return f"{ratio or math.nan:5.2f}  " + "   ".join(parts)


def load() -> dict[str, Cell]:
    """Return the figures measured before."""
    return msgspec.json.decode(FIGURES.read_bytes(), type=dict[str, Cell]) if FIGURES.exists() else {}


def save(cells: dict[str, Cell]) -> None:
    """Keep the figures, so that single cells can be measured again."""
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    FIGURES.write_bytes(msgspec.json.encode(cells))


def table(cells: dict[str, Cell], inputs: list[str], versions: dict[str, str]) -> str:
    """Return the Markdown: CPU time by work and input, with memory and quality at the first input."""
    lines = [f"Measured on {date.today():%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}: "]  # noqa: DTZ011
    lines[0] += "; ".join(versions.get(name, f"{name} is missing") for name in (OURS, *PEERS))
    lines[0] += f". {_summary([cell for cell in cells.values() if cell.ratio()])}\n"
    lines.append(f"| work | {' | '.join(inputs)} | MB, {inputs[0]} | dB, {inputs[0]} |")
    lines.append("|---" * (len(inputs) + 3) + "|")
    for work in WORKS:
        first = cells.get(f"{work}, {inputs[0]}", Cell())
        times = [_time(cells.get(f"{work}, {kind}")) for kind in inputs]
        lines.append(f"| {' | '.join([work, *times, _row(first.peak_mb, 0), _row(first.psnr, 1)])} |")
    return "\n".join(lines) + "\n"


def write(markdown: str) -> None:
    """Put the table between the marks of the page."""
    PAGE.write_text(_MARK.sub(lambda mark: mark[1] + markdown + mark[2], PAGE.read_text()))


def _summary(cells: list[Cell]) -> str:
    ratios = [ratio for cell in cells if (ratio := cell.ratio())]
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else math.nan
    lost = sum(ratio > 1 for ratio in ratios)
    return f"Geometric mean of {len(ratios)} ratios: {mean:.2f}; {lost} cells lost"


def _time(cell: Cell | None) -> str:
    if cell is None:
        return "-"
    ratio = cell.ratio()
    shown = "" if ratio is None else f" **{ratio:.2f}**" if ratio > 1 else f" {ratio:.2f}"
    return _row(cell.cpu_ms, 1) + shown


def _row(values: dict[str, float] | dict[str, float | None], digits: int) -> str:
    """Return the values of ours and of the peers, `-` where there is none."""
    found = [values.get(name) for name in (OURS, *PEERS)]
    if not any(value is not None for value in found):
        return "-"
    return " / ".join("-" if value is None else "exact" if value == EXACT else f"{value:.{digits}f}" for value in found)

"""The figures of the pipeline beside their targets: `python -m bench NAME --write` keeps what it measures.

They are kept in `figures.json`, and the table in docs/performance.md is made from there.
"""

import os
import platform
import re
from datetime import date
from pathlib import Path

import msgspec

PAGE = Path("docs/performance.md")
_KEPT = Path("bench/figures.json")
_MARK = re.compile("(<!-- figures -->\n).*(<!-- /figures -->)", re.DOTALL)


class Figure(msgspec.Struct, frozen=True):
    """What is measured, what it should be, and by which command."""

    name: str
    target: str
    command: str
    form: str = "{:.2f}"


class Measured(msgspec.Struct, frozen=True):
    """A value, and when and beside how much other work it was measured."""

    value: float
    day: str
    load: float
    """Processes that wanted a core on the machine, in the mean of the minute before."""
    machine: str


FIGURES = {
    "fairness": Figure("An upload beside 600 waiting tasks of its op, to one alone", "at most 2", "fairness"),
    "rate": Figure("Variants a second, to a bare pipeline on the same hops", "at least 0.95", "overhead"),
    "median": Figure("Time of one upload, to the bare pipeline", "at most 1.1", "overhead"),
    "cpu": Figure("CPU time without `blur`, to the bare pipeline", "at most 1.2", "overhead"),
    "calls alone": Figure("AWS calls for one upload of four variants", "at most 25", "calls", "{:.1f}"),
    "calls burst": Figure("The same in a burst of 100", "at most 19", "calls", "{:.1f}"),
    "tasks": Figure("Tasks a second of a manifest of 10,000", "at least 250", "tasks", "{:.0f}"),
    "tasks cpu": Figure("CPU time of one of them, engine and functions", "-", "tasks", "{:.1f} ms"),
    "tasks memory": Figure("Memory that the engine keeps of one of them", "8 kB, in the ledger", "tasks", "{:.1f} kB"),
    "first burst": Figure("The first burst of 50 jobs after a deployment", "at most 5 s", "first", "{:.1f} s"),
    "20 pages": Figure("Changes a second to 20 open pages", "at least 200", "fanout", "{:.0f}"),
    "1000 pages": Figure("Until the last of 1,000 open pages has a change", "at most 5 s", "fanout", "{:.1f} s"),
    "list": Figure("Queries for the only failed job of 2,000", "at most 20", "ledger", "{:.0f}"),
    "relays": Figure("Counts of 32 relays at the same time, to 32 times one", "near 1", "ledger"),
}
_writing = False


def write_all(*, on: bool) -> None:
    """Keep all figures that are measured from now on, or none."""
    global _writing  # noqa: PLW0603 - set once, by the command line
    _writing = on


def keep(figure: str, value: float) -> None:
    """Keep a figure, if asked for, and put it into the page."""
    if not _writing:
        return
    day = f"{date.today():%Y-%m-%d}"  # noqa: DTZ011 - the day where it was
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    found = kept() | {figure: Measured(round(value, 3), day, round(os.getloadavg()[0], 1), machine)}
    in_order = {name: found[name] for name in FIGURES if name in found}
    _KEPT.write_bytes(msgspec.json.format(msgspec.json.encode(in_order)) + b"\n")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def kept() -> dict[str, Measured]:
    """Return the figures that were kept."""
    return msgspec.json.decode(_KEPT.read_bytes(), type=dict[str, Measured])


def page(text: str) -> str:
    """Return the page with the table of the kept figures."""
    return _MARK.sub(lambda mark: mark[1] + table(kept()) + mark[2], text)


def table(measured: dict[str, Measured]) -> str:
    """Return the Markdown."""
    rows = [
        f"| {each.name} | {each.form.format(one.value)} | {each.target} | `{each.command}` | {one.day}, {one.load} |"
        for name, each in FIGURES.items()
        if (one := measured.get(name))
    ]
    machines = " and ".join(sorted({each.machine for each in measured.values()}))
    return (
        "\n".join(
            [
                f"Machine: {machines}.\n",
                "| figure | measured | target | `python -m bench …` | on, at load |",
                "|---|---|---|---|---|",
                *rows,
            ]
        )
        + "\n"
    )

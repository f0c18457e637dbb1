"""Print results on stdout: tables for people, tab-separated lines for pipes, JSON for programs."""

import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from umbel import printable

MARKS = {"completed": ("✓", "green"), "failed": ("✗", "red"), "skipped": ("–", "dim"), "cancelled": ("–", "dim")}

Cell = str | Text

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def dump(result: Any) -> None:
    """Print a result as JSON, as every command does with `--json`."""
    click.echo(printable.json(msgspec.json.format(msgspec.json.encode(result), indent=2).decode()))


def line(sentence: str) -> None:
    """Print a sentence on stdout."""
    click.echo(printable.lines(sentence))


def value(result: Any) -> None:
    """Print a task's result: a text as it is, anything else as JSON. A terminal gets no control characters."""
    if not isinstance(result, str):
        click.echo(printable.json(msgspec.json.encode(result).decode()))
    elif sys.stdout.isatty():
        line(result)
    else:
        click.echo(result, color=True)  # or click takes the escapes out that a program may want


def text(cell: Cell, style: str = "") -> Text:
    """Return a text without control characters and markup."""
    return cell if isinstance(cell, Text) else Text(printable.one_line(cell), style)


def joined(*cells: Cell) -> Text:
    """Join cells into one text."""
    return Text.assemble(*map(text, cells))


def table(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Print a table on a terminal, else tab-separated lines for `cut` and `awk`.

    A column named `>size` is aligned right; the cells of a column named `~name` may wrap.
    """
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(text(cell).plain for cell in row))
        return
    out.print(grid(columns, rows))


def grid(columns: Sequence[str], rows: Iterable[Sequence[Cell]], gap: int = 2) -> Table:
    """Return the table that a terminal gets."""
    made = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="bold")
    for column in columns:
        justify: Literal["left", "right"] = "right" if column.startswith(">") else "left"
        made.add_column(column.lstrip("~>"), justify=justify, no_wrap=not column.startswith("~"), overflow="fold")
    for row in rows:
        made.add_row(*map(text, row))
    return made


def fields(pairs: Iterable[tuple[str, Cell]]) -> None:
    """Print names and values, one pair a line; values are not wrapped, so that they can be copied."""
    rows = list(pairs)
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        out.print(Text.assemble((f"{name:<{width}}", "bold"), "  ", text(value)), soft_wrap=True)


def warnings(sentences: Iterable[str]) -> None:
    """Print each sentence on a line of stderr, so that stdout has only results."""
    for sentence in sentences:
        err.print(joined(Text("!", "yellow"), " ", sentence), soft_wrap=True)


def mark(status: str) -> Text:
    """Return a task's or job's status as one coloured sign."""
    sign, style = MARKS.get(status, ("·", "cyan"))
    return Text(sign, style)


def status(word: str) -> Text:
    """Return a task's or job's status as a coloured word."""
    return Text(word, MARKS.get(word, ("", "cyan"))[1])


def state(word: str) -> Text:
    """Return a lane's state as a coloured word."""
    return Text(word, {"ready": "green", "paused": "yellow"}.get(word, "red"))


def size(count: int | None) -> str:
    """Format a number of bytes: `3.4 MB`."""
    if count is None:
        return ""
    amount = float(count)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def duration(milliseconds: float | None) -> str:
    """Format a duration in milliseconds: `84 ms`, `3.1 s`."""
    if milliseconds is None:
        return ""
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"


def ago(stamp: str | None, now: datetime | None = None) -> str:
    """Format the time since a timestamp: `3 min ago`."""
    if stamp is None:
        return ""
    return f"{long_duration(((now or datetime.now(UTC)) - datetime.fromisoformat(stamp)).total_seconds())} ago"


def long_duration(seconds: float | None) -> str:
    """Format a long duration in one unit: `45 s`, `3 min`, `5 h`, `2 d`."""
    if seconds is None:
        return ""
    for unit, length, most in (("s", 1, 120), ("min", 60, 120), ("h", 3600, 48)):
        if seconds < most * length:
            return f"{max(seconds, 0) / length:.0f} {unit}"
    return f"{seconds / 86_400:.0f} d"


def timestamp(stamp: str) -> str:
    """Format an ISO 8601 timestamp to the second: `2026-01-31 12:00:00`."""
    return stamp[:19].replace("T", " ")


def short_timestamp(stamp: str) -> str:
    """Format an ISO 8601 timestamp in few characters: `01-31 12:00`."""
    return stamp[5:16].replace("T", " ")


def result(value: Any, for_people: Callable[[Any], None], *, json: bool) -> None:
    """Print a result as JSON, or call `for_people` to print it."""
    if json:
        dump(value)
    else:
        for_people(value)

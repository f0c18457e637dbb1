"""Tests of the statistics as they are shown on a terminal."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from umbel import show
from umbel.commands.stats import tables
from umbel_core.clock import stamp
from umbel_core.contract import Circuit, Stats, StatsOfOp, StatsTotals, StatsWorker

WIDTH = 80
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def drawn(stats: Stats) -> list[str]:
    console = Console(width=WIDTH, file=io.StringIO(), record=True)
    console.print(*tables(stats), sep="\n")
    return console.export_text().splitlines()


def busy(**changes: object) -> StatsOfOp:
    fields = {"pending": 10_000, "completed": 1_234_567, "oldest_age_seconds": 4000.0, "average_ms": 1234.5} | changes
    workers = [StatsWorker(f"{number:08x}", 12_345, 166.5) for number in range(4)]
    return StatsOfOp(state="ready", concurrency=16, p50_ms=99.9, p95_ms=12_000.0, workers=workers, **fields)  # type: ignore[arg-type]


def test_the_tables_fit_a_terminal_of_80_columns() -> None:
    ops = {"thumbnail": busy(), "grayscale": busy(), "idle": StatsOfOp(state="paused", concurrency=0)}
    lines = drawn(
        Stats(
            "",
            StatsTotals(pending=20_000, average_ms=1234.5),
            ops,
            {"slow.example:443": Circuit(state="open", failures=5, open_seconds=12)},
        )
    )
    assert max(map(len, lines)) <= WIDTH
    thumbnail = next(line.split() for line in lines if line.startswith("thumbnail"))
    assert thumbnail == ["thumbnail", "ready", "10000", "0", "1234567", "0", "0", "0", "0", "67", "min"]
    assert len([line for line in lines if line.startswith("idle")]) == 1, "an idle op has no times"
    assert len([line for line in lines if line.startswith("all")]) == 2
    assert lines[-1] == "slow.example:443 failed 5 times in a row: asked again in 12 s"
    assert "00000003 12345 x" in " ".join(" ".join(lines).split())


@pytest.mark.parametrize(
    ("seconds", "age"),
    [(0, "0 s"), (-3, "0 s"), (119, "119 s"), (180, "3 min"), (7300, "2 h"), (3 * 86_400, "3 d")],
)
def test_the_age_of_a_timestamp_is_shown_in_one_unit(seconds: float, age: str) -> None:
    assert show.ago(stamp(NOW - timedelta(seconds=seconds)), NOW) == f"{age} ago"


def test_a_missing_timestamp_has_no_age() -> None:
    assert (show.ago(None), show.long_duration(None)) == ("", "")

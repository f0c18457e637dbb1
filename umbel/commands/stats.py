"""`umbel stats`."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import click
from rich.console import Group
from rich.live import Live
from rich.text import Text

from umbel import show, stack
from umbel.client import Client
from umbel_core.contract import Circuit, Stats, StatsOfOp, StatsTotals, StatsWorker

_EVERY_SECONDS = 2.0

Columns = dict[str, Callable[[StatsTotals], show.Cell]]

_WORK: Columns = {
    "state": lambda op: show.state(op.state) if isinstance(op, StatsOfOp) else "",
    ">pending": lambda op: str(op.pending),
    ">running": lambda op: str(op.running),
    ">done": lambda op: str(op.completed),
    ">failed": lambda op: show.text(str(op.failed), "red" if op.failed else ""),
    ">skipped": lambda op: str(op.skipped),
    ">queue": lambda op: str(op.queue_depth),
    ">flight": lambda op: str(op.in_flight),
    ">oldest": lambda op: show.long_duration(op.oldest_age_seconds),
}
_TIMES: Columns = {
    ">average": lambda op: show.duration(op.average_ms),
    ">p50": lambda op: show.duration(op.p50_ms),
    ">p95": lambda op: show.duration(op.p95_ms),
    ">a minute": lambda op: f"{op.throughput_per_minute:g}",
    ">workers": lambda op: (
        f"{op.active_workers} of {op.concurrency}" if isinstance(op, StatsOfOp) else str(op.active_workers)
    ),
    "~each worker": lambda op: ", ".join(map(_worker, op.workers if isinstance(op, StatsOfOp) else ())),
}


@click.command()
@click.option("--watch", is_flag=True, help="Follow until interrupted.")
@show.as_json
def stats(watch: bool, as_json: bool) -> None:
    client = Client.of(stack.find())
    answers = _answers(client) if watch else iter([client.stats()])
    if as_json or not show.out.is_terminal:
        for answer in answers:
            show.result(answer, _lines, json=as_json)
    elif watch:
        with Live(console=show.out, auto_refresh=False) as live:
            for answer in answers:
                live.update(Group(*tables(answer)), refresh=True)
    else:
        show.out.print(*tables(next(answers)), sep="\n")


def _answers(client: Client) -> Iterator[Stats]:
    while True:
        yield client.stats()
        time.sleep(_EVERY_SECONDS)


def tables(answer: Stats) -> tuple[Any, ...]:
    """Return two tables, one of counts and one of durations: together they would be too wide for a terminal."""
    ops = _named(answer)
    worked = [(name, op) for name, op in ops if op.average_ms is not None]
    return (
        show.grid(("op", *_WORK), [_cells(name, op, _WORK) for name, op in ops], gap=1),
        Text(),
        show.grid(("within the hour", *_TIMES), [_cells(name, op, _TIMES) for name, op in worked]),
        *map(_circuit, answer.circuits.items()),
    )


def _circuit(entry: tuple[str, Circuit]) -> Text:
    host, circuit = entry
    until = f"asked again in {circuit.open_seconds} s" if circuit.open_seconds else "being asked again"
    return show.text(f"{host} failed {circuit.failures} times in a row: {until}", "yellow")


def _lines(answer: Stats) -> None:
    """Print one line per op, for pipes."""
    show.table(("op", *_WORK, *_TIMES), [_cells(name, op, {**_WORK, **_TIMES}) for name, op in _named(answer)])


def _named(answer: Stats) -> list[tuple[str, StatsTotals]]:
    return [*answer.ops.items(), ("all", answer.totals)]


def _cells(name: str, op: StatsTotals, columns: Columns) -> Sequence[show.Cell]:
    return (name, *(cell(op) for cell in columns.values()))


def _worker(worker: StatsWorker) -> str:
    return f"{worker.id} {worker.tasks} x {show.duration(worker.average_ms)}"

"""`umbel load`: random tasks until stopped, with a table of their results."""

import signal
import time
from pathlib import Path
from typing import Any, BinaryIO

import click
import msgspec
from rich.console import Group
from rich.live import Live
from rich.text import Text

from umbel import show, stack
from umbel.client import Client
from umbel.errors import UmbelError
from umbel.load import Load, LoadPeriod
from umbel.paths import LOGS
from umbel_core.validation import hint_at

_COLUMNS = ("type", ">sent", ">right", ">wrong", ">failed", ">lost", ">waiting", ">average", ">worst")
_LINE_EVERY = 1.0
"""Seconds that one line in a pipe stands for when rounds have no pause."""


@click.command()
@click.argument("types", nargs=-1, metavar="[TYPE]…")
@click.option("--every", type=click.FloatRange(0), default=30, show_default=True, help="Seconds between rounds.")
@click.option("--for", "seconds", type=click.FloatRange(0, min_open=True), help="Stop after so many seconds.")
@click.option(
    "--log",
    type=click.Path(dir_okay=False, path_type=Path),
    default=LOGS / "load.jsonl",
    help="Append a JSON line for each task to this file.",
)
@show.as_json
def load(types: tuple[str, ...], every: float, seconds: float | None, log: Path, as_json: bool) -> None:
    """Send one random task of each TYPE, again and again, and check every answer; without TYPE, of every op that is
    deployed and takes no URL. --every 0 makes no pause. Ctrl-C sends no more and waits for the last answers.
    """
    client = Client.of(stack.find(changing=True))
    deployed = {op.name for op in client.ops()}
    if unknown := sorted(set(types) - deployed):
        raise UmbelError(f"there is no op '{unknown[0]}' here; {hint_at(unknown[0], sorted(deployed), 'the ops are')}")
    with _append(log) as lines:
        running = Load(client, types, every, lines)
        before = signal.signal(signal.SIGINT, lambda *_: _stop(running))
        try:
            _follow(running, seconds, quiet=as_json)
        finally:
            signal.signal(signal.SIGINT, before)
    total = running.total
    if as_json:
        show.dump(_summary(running, log))
    else:
        well = total.sent == total.right
        verdict = f"{total.right} of {total.sent} answers right, {running.per_second:.1f} a second; each is in {log}"
        show.err.print(show.joined(show.mark("completed" if well else "failed"), " ", verdict), soft_wrap=True)
    if total.right != total.sent:
        raise click.exceptions.Exit(1)


def _append(log: Path) -> BinaryIO:
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return log.open("ab")
    except OSError as error:
        raise UmbelError(f"{log}: {error.strerror}; --log names another file") from error


def _stop(running: Load) -> None:
    """Stop after the running round at the first Ctrl-C, at once at the second."""
    if running.stopping:
        raise KeyboardInterrupt
    running.stop()


def _follow(running: Load, seconds: float | None, *, quiet: bool) -> None:
    if quiet:
        running.run(seconds, lambda: None)
    elif show.out.is_terminal:
        with Live(console=show.out, auto_refresh=False) as live:
            running.run(seconds, lambda: live.update(_picture(running), refresh=True))
            live.update(_table(running), refresh=True)
    else:
        pipe = _Lines(running)
        running.run(seconds, pipe.tick)
        pipe.say()


class _Lines:
    """One line a round."""

    def __init__(self, running: Load) -> None:
        self._running = running
        self._told = 0
        self._at = 0.0

    def tick(self) -> None:
        """Print a line when a round has ended."""
        if self._running.rounds > self._told and time.monotonic() - self._at >= _LINE_EVERY:
            self.say()

    def say(self) -> None:
        """Print all numbers so far."""
        self._told, self._at = self._running.rounds, time.monotonic()
        total = self._running.total
        counts = "  ".join(f"{name} {getattr(total, name)}" for name in ("sent", "right", "wrong", "failed", "lost"))
        times = f"average {show.duration(total.average_ms) or '-'}  worst {show.duration(total.worst_ms)}"
        click.echo(f"round {self._told}  {counts}  waiting {total.waiting}  {times}  {self._running.per_second:.1f}/s")


def _picture(running: Load) -> Group:
    """Return what a terminal shows while tasks are sent."""
    pause = running.next_round - time.monotonic()
    if running.stopping:
        state = "no more rounds; the last answers come in (Ctrl-C: leave at once)"
    elif pause > 1:
        state = f"next round in {pause:.0f} s (Ctrl-C: stop)"
    else:
        state = "sending (Ctrl-C: stop)"
    clock = time.strftime("%H:%M:%S", time.gmtime(running.now - running.started))
    return Group(
        _table(running), Text(f"\n{clock}  round {running.rounds}  {running.per_second:.1f} answers/s  {state}", "dim")
    )


def _table(running: Load) -> Any:
    rows = [_row(name, stats) for name, stats in sorted(running.op_stats.items())]
    return show.grid(_COLUMNS, [*rows, _row("all", running.total)])


def _row(name: str, stats: LoadPeriod) -> tuple[show.Cell, ...]:
    bad = [show.text(str(count), "red" if count else "dim") for count in (stats.wrong, stats.failed, stats.lost)]
    right = show.text(str(stats.right), "green")
    times = show.duration(stats.average_ms), show.duration(stats.worst_ms if stats.answered else None)
    label = show.text(name, "bold" if name == "all" else "")
    return label, str(stats.sent), right, *bad, str(stats.waiting), *times


def _summary(running: Load, log: Path) -> dict[str, Any]:
    return {
        "seconds": round(running.now - running.started, 1),
        "rounds": running.rounds,
        "per_second": round(running.per_second, 2),
        **_numbers(running.total),
        "types": {name: _numbers(stats) for name, stats in sorted(running.op_stats.items())},
        "log": str(log),
    }


def _numbers(stats: LoadPeriod) -> dict[str, Any]:
    counts = {name: count for name, count in msgspec.structs.asdict(stats).items() if not name.endswith("_ms")}
    average = None if stats.average_ms is None else round(stats.average_ms)
    return {**counts, "waiting": stats.waiting, "average_ms": average, "worst_ms": round(stats.worst_ms)}

"""Follow one job on the terminal: its tasks as they end, and how far it is."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from umbel import results, show
from umbel.errors import UmbelError
from umbel.job import Job
from umbel_core.contract import JobMessage, Task

Line = Callable[[Task], show.Cell]


def task_line(task: Task) -> show.Cell:
    """Format one ended task as a line."""
    start = f" {task.op:<10} {show.duration(task.duration_ms):>8}  "
    return show.joined(show.mark(task.status), start, results.short(task))


def watch(job: Job, *, quiet: bool = False, line: Line = task_line) -> None:
    """Wait for the job's end and show each task when it ends. `quiet` shows nothing."""
    if quiet:
        job.wait()
        return
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn())
    progress = Progress(*columns, console=show.err, transient=True, disable=not show.err.is_terminal)
    row = progress.add_task(job.id, total=None)
    with progress:
        for message in job.watch():
            if isinstance(message, JobMessage):
                counts = message.job.counts
                progress.update(row, total=counts.total or None, completed=counts.ended)
            elif message.task.ended:
                out = progress.console if show.out.is_terminal else show.out
                out.print(show.text(line(message.task)), soft_wrap=True)


@contextmanager
def naming(running: Callable[[], Iterable[str]]) -> Iterator[None]:
    """Name the jobs that go on, by their ids, when Ctrl-C ends the block."""
    try:
        yield
    except (click.Abort, KeyboardInterrupt):
        ids = list(running())
        if not ids:
            raise
        one = ids[0] if len(ids) == 1 else "ID"
        goes_on = f"{ids[0]} goes on" if len(ids) == 1 else f"{len(ids)} jobs go on: {', '.join(ids)}"
        raise UmbelError(
            f"interrupted, but {goes_on}; umbel watch {one} follows it, umbel cancel {one} cancels it", exit_status=130
        ) from None


def conclude(job: Job, *, quiet: bool) -> None:
    """Print the job's end in one line; exit with status 1 unless it completed."""
    if not quiet:
        counts = job.counts
        sentence = (
            f"{job.id} {job.status}: {counts.completed} completed, {counts.failed} failed, {counts.skipped} skipped"
        )
        show.err.print(show.joined(show.mark(job.status), " ", sentence), soft_wrap=True)
    if job.status != "completed":
        raise click.exceptions.Exit(1)

"""Follow one job on the terminal: its tasks as they end, and how far it is."""

from collections.abc import Callable

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from umbel import feed, results, show
from umbel.client import Client
from umbel.records import Job, Task

Line = Callable[[Task], show.Cell]


def task_line(task: Task) -> show.Cell:
    """One ended task in a line."""
    start = f" {task.op:<10} {show.duration(task.duration_ms):>8}  "
    return show.joined(show.mark(task.status), start, results.short(task))


def watch(client: Client, name: str, *, quiet: bool = False, line: Line = task_line) -> Job:
    """Wait for the job's end and show each task once, when it ends. `quiet` shows nothing."""
    told: set[str] = set()
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn())
    progress = Progress(*columns, console=show.err, transient=True, disable=quiet or not show.err.is_terminal)
    row = progress.add_task(name, total=None)

    def changed(record: Job | Task) -> None:
        if isinstance(record, Job):
            counts = record.counts
            done = counts.completed + counts.failed + counts.skipped
            progress.update(row, total=counts.total or None, completed=done)
        elif record.status in {"completed", "failed", "skipped"} and record.id not in told:
            told.add(record.id)
            if not quiet:
                (progress.console if show.out.is_terminal else show.out).print(show.text(line(record)), soft_wrap=True)

    with progress:
        job = feed.wait(client, name, changed)
        if len(told) < job.counts.total:
            # A long job's snapshot carries its newest tasks only.
            for task in client.tasks(name, limit=100):
                changed(task)
    return job


def conclude(job: Job, *, quiet: bool) -> None:
    """The job's end in one line, and an exit status that says whether all went well."""
    if not quiet:
        counts = job.counts
        sentence = (
            f"{job.id} {job.status}: {counts.completed} completed, {counts.failed} failed, {counts.skipped} skipped"
        )
        show.err.print(show.joined(show.mark(job.status), " ", sentence), soft_wrap=True)
    if not job.well:
        raise click.exceptions.Exit(1)

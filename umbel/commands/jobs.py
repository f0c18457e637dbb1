"""`umbel jobs`, `job`, `watch`, `cancel`, `retry`."""

from typing import Any

import click
import msgspec

from umbel import results, show, stack, watching
from umbel.client import Client
from umbel.job import Job
from umbel_core import contract
from umbel_core.contract import Accepted, Task


@click.command()
@click.option("--status", help="Only these: pending, running, completed, failed, cancelled.")
@click.option("--kind", help="Only these: upload, image, manifest, batch, crawl, task.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many at most.")
@show.as_json
def jobs(status: Any, kind: Any, limit: int, as_json: bool) -> None:
    client = Client.of(stack.find())
    records = [job.record for job in client.jobs(status=status, kind=kind, limit=limit)]
    rows = (
        (j.id, j.kind, show.status(j.status), _counts(j), show.short_timestamp(j.created_at), j.name) for j in records
    )
    columns = ("id", "kind", "status", ">tasks", "created", "~name")
    show.result(records, lambda _: show.table(columns, rows), json=as_json)


@click.command()
@click.argument("id_", metavar="ID")
@click.option("--status", help="Only tasks with this status.")
@show.as_json
def job(id_: str, status: Any, as_json: bool) -> None:
    found = Client.of(stack.find()).job(id_)
    if as_json:
        show.dump(results.whole(found, status))
        return
    record = found.record
    show.fields(
        [
            ("job", record.id),
            ("kind", record.kind),
            ("name", record.name),
            ("status", show.status(record.status)),
            ("tasks", _counts(record)),
            ("created", show.timestamp(record.created_at)),
            ("updated", show.timestamp(record.updated_at)),
            ("cost_usd", f"${record.cost_usd or 0:.6f}"),
            *(("error", show.text(sentence, "red")) for sentence in results.sentences(record)),
            *(("warning", show.text(sentence, "yellow")) for sentence in results.warnings(found.variants)),
        ]
    )
    show.table(("task", "op", "status", ">attempts", ">time", "~result"), map(_row, found.tasks(status)))


@click.command()
@click.argument("id_", metavar="ID")
@show.as_json
def watch(id_: str, as_json: bool) -> None:
    followed = Job(Client.of(stack.find()), id_)
    with watching.naming(lambda: [followed.id]):
        watching.watch(followed, quiet=as_json)
    if as_json:
        show.dump(msgspec.to_builtins(followed.record))
    watching.conclude(followed, quiet=as_json)


@click.command()
@click.argument("id_", metavar="ID")
@show.as_json
def cancel(id_: str, as_json: bool) -> None:
    Job(Client.of(stack.find(changing=True)), id_).cancel()
    answer = Accepted(job_id=id_, status="cancelled")
    show.result(answer, lambda _: show.line(f"{id_} is cancelled; what is in flight ends"), json=as_json)


@click.command()
@click.argument("id_", metavar="ID")
@show.as_json
def retry(id_: str, as_json: bool) -> None:
    Job(Client.of(stack.find(changing=True)), id_).retry()
    answer = Accepted(job_id=id_, status="pending")
    show.result(answer, lambda _: show.line(f"{id_} runs again: umbel watch {id_}"), json=as_json)


def _counts(record: contract.Job) -> str:
    counts = record.counts
    bad = f", {counts.failed} failed" if counts.failed else ""
    skipped = f", {counts.skipped} skipped" if counts.skipped else ""
    return f"{counts.completed}/{counts.total}{bad}{skipped}"


def _row(task: Task) -> tuple[show.Cell, ...]:
    time = show.duration(task.duration_ms)
    status = "retrying" if task.retrying else task.status
    return task.id, task.op, show.status(status), str(task.attempts), time, results.short(task)

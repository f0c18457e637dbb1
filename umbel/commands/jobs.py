"""`umbel jobs`, `job`, `watch`, `cancel`, `retry`."""

from urllib.parse import quote

import click
import msgspec

from umbel import results, show, stack, watching
from umbel.client import Client
from umbel.records import Job, Task


@click.command()
@click.option("--status", help="Only these: pending, running, completed, failed, cancelled.")
@click.option("--kind", help="Only these: upload, image, manifest, batch, crawl, task.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many at most.")
@show.as_json
def jobs(status: str | None, kind: str | None, limit: int, as_json: bool) -> None:
    client = Client(stack.find())
    found = []
    for job in client.pages("/jobs", "jobs", limit=min(limit, 100), status=status, kind=kind):
        found.append(job)
        if len(found) == limit:
            break
    records = msgspec.convert(found, list[Job])
    rows = (
        (j.id, j.kind, show.status(j.status), _counts(j), show.short_timestamp(j.created_at), j.name or "")
        for j in records
    )
    show.result(found, lambda _: show.table(("id", "kind", "status", ">tasks", "created", "~name"), rows), json=as_json)


@click.command()
@click.argument("id_", metavar="ID")
@click.option("--status", help="Only tasks with this status.")
@show.as_json
def job(id_: str, status: str | None, as_json: bool) -> None:
    whole = Client(stack.find()).whole(id_, status=status)
    if as_json:
        show.dump(whole)
        return
    record = msgspec.convert(whole, Job)
    show.fields(
        [
            ("job", record.id),
            ("kind", record.kind),
            ("name", record.name or ""),
            ("status", show.status(record.status)),
            ("tasks", _counts(record)),
            ("created", show.timestamp(record.created_at)),
            ("updated", show.timestamp(record.updated_at)),
            ("cost", f"${record.cost_usd or 0:.6f}"),
            *(("error", show.text(sentence, "red")) for sentence in record.sentences),
        ]
    )
    show.table(
        ("task", "op", "status", ">tries", ">time", "~result"), map(_row, msgspec.convert(whole["tasks"], list[Task]))
    )


@click.command()
@click.argument("id_", metavar="ID")
@show.as_json
def watch(id_: str, as_json: bool) -> None:
    client = Client(stack.find())
    ended = watching.watch(client, id_, quiet=as_json)
    if as_json:
        show.dump(client.call("GET", f"/jobs/{quote(id_, safe='')}"))
    watching.conclude(ended, quiet=as_json)


@click.command()
@click.argument("id_", metavar="ID")
@show.as_json
def cancel(id_: str, as_json: bool) -> None:
    answer = Client(stack.find(changing=True)).call("DELETE", f"/jobs/{quote(id_, safe='')}")
    show.result(answer, lambda _: click.echo(f"{id_} is cancelled; what is in flight ends"), json=as_json)


@click.command()
@click.argument("id_", metavar="ID")
@show.as_json
def retry(id_: str, as_json: bool) -> None:
    answer = Client(stack.find(changing=True)).call("POST", f"/jobs/{quote(id_, safe='')}/retry")
    show.result(answer, lambda _: click.echo(f"{id_} runs again: umbel watch {id_}"), json=as_json)


def _counts(record: Job) -> str:
    counts = record.counts
    bad = f", {counts.failed} failed" if counts.failed else ""
    skipped = f", {counts.skipped} skipped" if counts.skipped else ""
    return f"{counts.completed}/{counts.total}{bad}{skipped}"


def _row(task: Task) -> tuple[show.Cell, ...]:
    time = show.duration(task.duration_ms)
    return task.id, task.op, show.status(task.status), str(task.attempts), time, results.short(task)

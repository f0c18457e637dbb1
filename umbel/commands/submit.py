"""`umbel run`, `batch`, `crawl`: jobs from the command line."""

import base64
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import msgspec

from umbel import results, show, stack, watching
from umbel.client import Client
from umbel.faults import Fault
from umbel.records import Task

_INSIDE = 4_400_000
"""The largest picture that fits into a request; larger ones go by the uploads bucket."""


@click.command()
@click.argument("op")
@click.argument("input_", metavar="INPUT")
@click.option(
    "--param", "-p", "params", multiple=True, metavar="K=V", help="A parameter of the op; may be given often."
)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Save a picture that comes out into this folder."
)
@show.as_json
def run(op: str, input_: str, params: tuple[str, ...], out: Path | None, as_json: bool) -> None:
    """Run one op. INPUT is JSON or else text; for an op on pictures, a file or a key in the uploads bucket."""
    client = Client(stack.find())
    body = _body(client, op, input_, dict(map(_param, params)))
    name = client.call("POST", "/jobs", body)["job_id"]
    job = watching.watch(client, name, quiet=True)
    tasks = list(client.tasks(name))
    saved = results.save(client, [(input_, job)], out) if out else {}
    if as_json:
        show.dump(tasks[0] if tasks else job)
    elif job.variants and any(variant.url for variant in job.variants.values()):
        show.table(results.COLUMNS, results.rows(input_, job, saved))
    elif job.well:
        for task in tasks:
            click.echo(task.result if isinstance(task.result, str) else msgspec.json.encode(task.result).decode())
    if not job.well:
        raise Fault("; ".join(job.sentences) or f"{op}: the job is {job.status}")


@click.command()
@click.argument("file", type=click.File("rb"))
@show.as_json
def batch(file: Any, as_json: bool) -> None:
    """Run the visits in FILE: {"count", "visits": [{"store_id", "image_url": […]}]}."""
    try:
        visits = msgspec.json.decode(file.read())
    except msgspec.DecodeError as fault:
        raise Fault(f"{file.name}: {fault}") from fault
    client = Client(stack.find())
    name = client.call("POST", "/batches", visits)["job_id"]
    watching.conclude(watching.watch(client, name, quiet=as_json), json=as_json)


@click.command()
@click.argument("urls", nargs=-1, required=True)
@click.option("--workers", type=click.IntRange(1, 64), default=4, show_default=True, help="Pages in flight at most.")
@show.as_json
def crawl(urls: tuple[str, ...], workers: int, as_json: bool) -> None:
    """Fetch pages; each shows as it comes. Ctrl-C cancels the rest."""
    client = Client(stack.find())
    name = client.call("POST", "/crawls", {"urls": urls, "workers": workers})["job_id"]
    try:
        job = watching.watch(client, name, quiet=as_json, line=_page)
    except KeyboardInterrupt:
        client.call("DELETE", f"/jobs/{quote(name, safe='')}")
        raise
    watching.conclude(job, json=as_json)


def _body(client: Client, op: str, input_: str, params: dict[str, Any]) -> dict[str, Any]:
    """The request for one task; a local picture rides inside it, or goes ahead of it when it is large."""
    file = Path(input_)
    if _takes(client, op) != "picture" or not file.is_file():
        return {"name": op, "tasks": [{"op": op, "input": _value(input_), "params": params}]}
    if file.stat().st_size <= _INSIDE:
        return {"image_data": base64.b64encode(file.read_bytes()).decode(), "operation": op, "params": params}
    ticket = client.ticket(file)
    client.put(ticket, file, lambda _: None)
    return {"name": file.name, "tasks": [{"op": op, "input": ticket.fields["key"], "params": params}]}


def _takes(client: Client, op: str) -> str | None:
    ops = client.call("GET", "/ops")["ops"]
    return next((card["takes"] for card in ops if card["name"] == op), None)


def _param(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"'{text}' is not of the form name=value", param_hint="--param")
    return name, _value(value)


def _value(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _page(task: Task) -> str:
    if task.error or not isinstance(task.result, dict):
        return f"{show.took(task.duration_ms):>7}  ---  {results.short(task)}  {task.input}"
    page = task.result
    return f"{page.get('took_ms', 0):>5.0f}ms  {page.get('status')}  {page.get('title') or ''}  {page.get('url')}"

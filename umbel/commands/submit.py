"""`umbel run`, `batch`, `crawl`: jobs from the command line."""

import base64
from codecs import BOM_UTF8
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote

import click
import msgspec

from umbel import results, show, stack, watching
from umbel.client import Client
from umbel.errors import UmbelError
from umbel.records import Task
from umbel_core.ids import INPUTS_PREFIX, UPLOADS_PREFIX

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
    client = Client(stack.find(changing=True))
    body = _body(client, op, input_, dict(map(_param, params)))
    name = client.call("POST", "/jobs", body)["job_id"]
    job = watching.watch(client, name, quiet=True)
    saved = results.save(client, [(input_, job)], out) if out else {}
    if as_json:
        whole = client.whole(name)
        show.dump(whole["tasks"][0] if whole["tasks"] else whole)
    elif any(variant.key for variant in job.variants.values()):
        show.table(results.COLUMNS, results.rows(input_, job, saved))
    elif job.well:
        for task in client.tasks(name):
            click.echo(task.result if isinstance(task.result, str) else msgspec.json.encode(task.result).decode())
    if not job.well:
        raise UmbelError("; ".join(job.sentences) or f"{op}: the job is {job.status}")


@click.command()
@click.argument("file", type=click.File("rb"))
@show.as_json
def batch(file: Any, as_json: bool) -> None:
    """Run the visits in FILE: {"count", "visits": [{"store_id", "image_url": […]}]}. Ctrl-C cancels the rest."""
    try:
        visits = msgspec.json.decode(file.read().removeprefix(BOM_UTF8))
    except msgspec.DecodeError as error:
        raise UmbelError(f"{file.name}: not JSON: {error}") from error
    _follow("/batches", visits, _image, as_json=as_json)


@click.command()
@click.argument("urls", nargs=-1)
@click.option("--file", "-f", type=click.File("r"), help="Further addresses, one a line; - is standard input.")
@click.option("--workers", type=click.IntRange(1, 64), default=4, show_default=True, help="Pages in flight at most.")
@click.option(
    "--policy",
    type=click.Choice(["round_robin", "host"]),
    default="round_robin",
    show_default=True,
    help="host: the pages of one host come one after another.",
)
@show.as_json
def crawl(urls: tuple[str, ...], file: TextIO | None, workers: int, policy: str, as_json: bool) -> None:
    """Fetch pages; each shows as it comes. Ctrl-C cancels the rest."""
    try:
        wanted = [*urls, *(line.strip() for line in file or () if line.strip())]
    except UnicodeDecodeError as error:
        raise UmbelError(f"{file and file.name}: not a list of addresses: {error}") from error
    if not wanted:
        raise click.UsageError("Say which addresses: umbel crawl https://example.org, or umbel crawl --file urls.txt.")
    _follow("/crawls", {"urls": wanted, "workers": workers, "policy": policy}, _page, as_json=as_json)


def _follow(path: str, body: Any, line: watching.Line, *, as_json: bool) -> None:
    """Submit, show each task as it ends, and let nothing run on that nobody looks at any more."""
    client = Client(stack.find(changing=True))
    name = client.call("POST", path, body)["job_id"]
    try:
        job = watching.watch(client, name, quiet=as_json, line=line)
    except KeyboardInterrupt:
        client.call("DELETE", f"/jobs/{quote(name, safe='')}")
        raise UmbelError(f"{name} is cancelled; what is in flight ends, the rest is skipped", status=130) from None
    if as_json:
        show.dump(client.whole(name))
    watching.conclude(job, quiet=as_json)


def _body(client: Client, op: str, input_: str, params: dict[str, Any]) -> dict[str, Any]:
    """The request for one task; a local picture rides inside it, or goes ahead of it when it is large."""
    file, card = Path(input_), _card(client, op)
    takes_file = card.get("carrier") == "file"
    if (
        takes_file
        and not file.is_file()
        and "://" not in input_
        and not input_.startswith((UPLOADS_PREFIX, INPUTS_PREFIX))
    ):
        raise UmbelError(f"there is no file '{input_}' here; {op} takes a file, a URL or a key below {UPLOADS_PREFIX}")
    if not takes_file or not file.is_file():
        value = _value(input_)
        given = input_ if card["input"].get("type") == "string" and not isinstance(value, str) else value
        return {"name": op, "tasks": [{"op": op, "input": given, "params": params}]}
    if file.stat().st_size <= _INSIDE:
        return {"image_data": base64.b64encode(file.read_bytes()).decode(), "operation": op, "params": params}
    ticket = client.ticket(file)
    client.put(ticket, file, lambda _: None)
    return {"name": file.name, "tasks": [{"op": op, "input": ticket.fields["key"], "params": params}]}


def _card(client: Client, op: str) -> dict[str, Any]:
    """Return the op's card; for an op that is not deployed an empty one, because the API refuses it with the reason."""
    ops = client.call("GET", "/ops")["ops"]
    return next((card for card in ops if card["name"] == op), {"input": {}})


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


def _page(task: Task) -> show.Cell:
    if task.error or not isinstance(task.result, dict):
        return show.joined(f"{'':>8}  ", show.text(f"{task.status}  {results.short(task)}  {task.input}", "dim"))
    page = task.result
    took, status = f"{page.get('took_ms', 0):>6.0f}ms", page.get("status") or 0
    if not status:
        return show.joined(f"{took}  ", show.text("---", "red"), f"  {page.get('error')}  {task.input}")
    good = show.text(str(status), "green" if status < 400 else "yellow")
    return show.joined(f"{took}  ", good, f"  {page.get('title') or '(no title)'}  {task.input}")


def _image(task: Task) -> show.Cell:
    said = task.error.message if task.error else ""
    if isinstance(task.result, dict):
        said = "{width} x {height}, perimeter {perimeter}".format_map(task.result)
    start = f" {task.group:<12} {show.duration(task.duration_ms):>8}  "
    return show.joined(show.mark(task.status), start, f"{task.input}  ", show.text(said, "red" if task.error else ""))

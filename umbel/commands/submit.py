"""`umbel run`, `batch`, `crawl`: jobs from the command line."""

from pathlib import Path
from typing import Any, TextIO, get_args

import click
import msgspec

from umbel import results, show, stack, watching
from umbel.client import Client
from umbel.errors import UmbelError
from umbel.job import Job
from umbel.visits import read_visits
from umbel_core.contract import CrawlPolicy, CrawlRequest, HostLimits, Page, Task
from umbel_core.contract.requests import MAX_WORKERS, MOST_IN_FLIGHT, Priority
from umbel_core.ids import INPUTS_PREFIX, UPLOADS_PREFIX


@click.command()
@click.argument("op")
@click.argument("input_", metavar="INPUT")
@click.option(
    "--param", "-p", "params", multiple=True, metavar="K=V", help="A parameter of the op; may be given often."
)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Save a picture that comes out into this folder."
)
@click.option("--bulk", is_flag=True, help="Let live tasks of the op go first, as for a backfill of many pictures.")
@show.as_json
def run(op: str, input_: str, params: tuple[str, ...], out: Path | None, bulk: bool, as_json: bool) -> None:
    """Run one op. INPUT is JSON or else text; for an op on pictures, a file or a key in the uploads bucket."""
    client = Client.of(stack.find(changing=True))
    priority: Priority | None = "bulk" if bulk else None
    job = client.start(op, _input(client, op, input_), priority=priority, **dict(map(_param, params)))
    with watching.naming(lambda: [job.id]):
        job.wait()
    saved = job.download(out, input_) if out else {}
    if as_json:
        whole = results.whole(job)
        show.dump(whole["tasks"][0] if whole["tasks"] else whole)
    elif any(variant.key for variant in job.variants.values()):
        show.table(results.COLUMNS, results.rows(input_, job.variants, saved))
        show.warnings(results.warnings(job.variants))
    elif job.status == "completed":
        for task in job.tasks():
            show.value(task.result)
    if job.status != "completed":
        raise UmbelError("; ".join(results.sentences(job.record)) or f"{op}: the job is {job.status}")


_max_in_flight = click.option(
    "--max-in-flight",
    type=click.IntRange(1, MOST_IN_FLIGHT),
    metavar="N",
    help="At most N tasks of the job wait in the lane or run.",
)


@click.command()
@click.argument("file", type=click.File("rb"))
@_max_in_flight
@show.as_json
def batch(file: Any, max_in_flight: int | None, as_json: bool) -> None:
    """Measure the images of the visits in FILE; - is standard input. Ctrl-C cancels the rest.

    FILE is JSON, {"count", "visits": [{"store_id", "image_url": […], "visit_time"}]} or the list of visits alone, or
    CSV with the columns store_id, image_url and visit_time, one image per row.
    """
    body = read_visits(file.read(), file.name)
    if max_in_flight:
        body["max_in_flight"] = max_in_flight
    _follow(Client.of(stack.find(changing=True)).submit(body, "batches"), _image, as_json=as_json)


@click.command()
@click.argument("urls", nargs=-1)
@click.option("--file", "-f", type=click.File("r"), help="Further URLs, one per line; - is standard input.")
@click.option(
    "--workers", type=click.IntRange(1, MAX_WORKERS), default=4, show_default=True, help="Pages in flight at most."
)
@click.option(
    "--policy",
    type=click.Choice(get_args(CrawlPolicy)),
    default="round_robin",
    show_default=True,
    help="host, sticky: the pages of one host come one after another. idle: a slow page holds up no other.",
)
@click.option("--robots/--no-robots", "obey_robots", default=True, help="Obey robots.txt (the default), or do not.")
@click.option("--per-host", type=click.IntRange(1, 64), help="Pages of one host in flight at most.")
@click.option("--delay", type=click.FloatRange(0, 60), default=0, help="Seconds between two requests to one host.")
@click.option("--deadline", type=click.IntRange(1), metavar="SECONDS", help="Skip the pages not started by then.")
@_max_in_flight
@show.as_json
def crawl(
    urls: tuple[str, ...],
    file: TextIO | None,
    workers: int,
    policy: Any,
    obey_robots: bool,
    per_host: int | None,
    delay: float,
    deadline: int | None,
    max_in_flight: int | None,
    as_json: bool,
) -> None:
    """Fetch pages and print each when it is fetched. Ctrl-C cancels the rest."""
    try:
        wanted = [*urls, *(line.strip() for line in file or () if line.strip())]
    except UnicodeDecodeError as error:
        raise UmbelError(f"{file and file.name}: not a list of URLs: {error}") from error
    if not wanted:
        raise click.UsageError("Name the URLs: umbel crawl https://example.org, or umbel crawl --file urls.txt.")
    request = CrawlRequest(
        urls=wanted,
        workers=workers,
        policy=policy,
        obey_robots=obey_robots,
        per_host=HostLimits(width=per_host, delay_seconds=delay),
        deadline_seconds=deadline,
        max_in_flight=max_in_flight,
    )
    _follow(Client.of(stack.find(changing=True)).submit(request, "crawls"), _page, as_json=as_json)


def _follow(job: Job, line: watching.Line, *, as_json: bool) -> None:
    """Print each task when it ends; cancel the job at Ctrl-C."""
    try:
        watching.watch(job, quiet=as_json, line=line)
    except KeyboardInterrupt:
        job.cancel()
        raise UmbelError(
            f"{job.id} is cancelled; what is in flight ends, the rest is skipped", exit_status=130
        ) from None
    if as_json:
        show.dump(results.whole(job))
    watching.conclude(job, quiet=as_json)


def _input(client: Client, op: str, text: str) -> Any:
    """Return the input that a text means: for an op on pictures a file, a URL or a key, for one on text the text."""
    card = next((card for card in client.ops() if card.name == op), None)
    if card and card.carrier == "file":
        if Path(text).is_file():
            return Path(text)
        if text.endswith("/") and "://" not in text:
            raise UmbelError(f"'{text}' is a folder; {op} takes one file, and no job is made of a key that ends in /")
        if "://" in text or text.startswith((UPLOADS_PREFIX, INPUTS_PREFIX)):
            return text
        raise UmbelError(f"there is no file '{text}' here; {op} takes a file, a URL or a key below {UPLOADS_PREFIX}")
    value = _value(text)
    return text if card and card.input.get("type") == "string" and not isinstance(value, str) else value


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
    if task.status != "completed":
        return show.joined(f"{'':>8}  ", show.text(f"{task.status}  {results.short(task)}  {task.input}", "dim"))
    page = Page.of(task)
    took = f"{page.took_ms:>6.0f}ms"
    if not page.status:
        return show.joined(f"{took}  ", show.text("---", "red"), f"  {page.error}  {task.input}")
    good = show.text(str(page.status), "green" if page.status < 400 else "yellow")
    return show.joined(f"{took}  ", good, f"  {page.title or '(no title)'}  {task.input}")


def _image(task: Task) -> show.Cell:
    said = task.error.message if task.error else ""
    if isinstance(task.result, dict):
        said = "{width} x {height}, perimeter {perimeter}".format_map(task.result)
    start = f" {task.group:<12} {show.duration(task.duration_ms):>8}  "
    return show.joined(show.mark(task.status), start, f"{task.input}  ", show.text(said, "red" if task.error else ""))

"""`umbel upload`: files go up, variants tick in."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import msgspec
from rich.progress import BarColumn, Progress, ProgressColumn, TaskID, TextColumn
from rich.progress import Task as Row
from rich.text import Text

from umbel import results, show, stack
from umbel.client import Client
from umbel.errors import UmbelError
from umbel.feed import Feed
from umbel.records import Job

_AT_ONCE = 4


class Picture:
    """One file on its way."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.job_id: str | None = None
        self.job: Job | None = None
        self.error: str | None = None

    @property
    def over(self) -> bool:
        """True when nothing more will come of it."""
        return self.error is not None or (self.job is not None and self.job.ended)

    @property
    def sentences(self) -> list[str]:
        """What went wrong with it."""
        if self.error:
            return [self.error]
        return self.job.sentences if self.job and not self.job.well else []


class Board:
    """What people see of the pictures: a moving row each while they are on their way, then one line."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(bar_width=10), _Variants())
        self._progress = Progress(*columns, console=show.err, transient=True, disable=not show.err.is_terminal)
        self._rows: dict[Path, TaskID] = {}

    def __enter__(self) -> "Board":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def begin(self, picture: Picture) -> None:
        """Its upload starts."""
        name = show.text(picture.path.name)
        name.truncate(20, overflow="ellipsis", pad=True)
        size = picture.path.stat().st_size
        self._rows[picture.path] = self._progress.add_task(name.plain, total=size, picture=picture)

    def sent(self, picture: Picture, count: int) -> None:
        """So many more bytes of it went."""
        self._progress.advance(self._rows[picture.path], count)

    def end(self, picture: Picture) -> None:
        """It is over: the row makes room for the next."""
        row = self._rows.pop(picture.path, None)
        if row is not None:
            self._progress.remove_task(row)
        good = not picture.sentences
        # One fault ends every variant alike, so its sentence is said once.
        errors = "; ".join(dict.fromkeys(picture.sentences))
        variants = f"{picture.job.counts.completed} variants" if picture.job and picture.job.counts.completed else ""
        made = ", ".join(filter(None, (variants, errors))) or "sent"
        line = show.joined(
            show.mark("completed" if good else "failed"), " ", show.text(picture.path.name, "bold"), "  ", made
        )
        self._progress.console.print(line, soft_wrap=True)


class _Variants(ProgressColumn):
    """The variants of a row's picture with a sign each."""

    def render(self, task: Row) -> Text:
        picture: Picture = task.fields["picture"]
        variants = picture.job.variants if picture.job else {}
        if not variants:
            return Text("uploading" if not task.finished else "waiting", "dim")
        return Text(" ").join(show.joined(show.mark(variants[name].status), name) for name in sorted(variants))


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--recipe", help="The set of variants to make; without it, the default one.")
@click.option("--wait/--no-wait", default=True, help="Wait for the variants (default), or only for the uploads.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Save the variants into this folder.")
@show.as_json
def upload(files: tuple[Path, ...], recipe: str | None, wait: bool, out: Path | None, as_json: bool) -> None:
    client = Client(stack.find(changing=True))
    pictures = [Picture(path) for path in dict.fromkeys(files)]
    with Board() as board:
        _run(client, pictures, recipe, board, wait=wait)
    saved = results.save(client, [(p.path.name, p.job) for p in pictures if p.job], out) if out else {}
    if as_json:
        show.dump([_plain(picture, saved) for picture in pictures])
    elif wait:
        # A picture of which nothing came has had its line already.
        made = [(p.path.name, p.job) for p in pictures if p.job and p.job.counts.completed]
        if made:
            show.table(results.COLUMNS, (row for name, job in made for row in results.rows(name, job, saved)))
    else:
        show.table(("picture", "job"), [(p.path.name, p.job_id or "") for p in pictures])
    if any(picture.sentences for picture in pictures):
        raise click.exceptions.Exit(1)


def _run(client: Client, pictures: list[Picture], recipe: str | None, board: Board, *, wait: bool) -> None:
    feed, stopped = Feed(client), threading.Event()

    def send(picture: Picture) -> None:
        def sent(count: int) -> None:
            if stopped.is_set():
                raise click.Abort
            board.sent(picture, count)

        board.begin(picture)
        try:
            ticket = client.ticket(picture.path, recipe)
            client.put(ticket, picture.path, sent)
            picture.job_id = ticket.job_id
            feed.follow(ticket.job_id)
        except UmbelError as error:
            picture.error = str(error)
        except OSError as error:
            picture.error = f"{picture.path.name}: {error.strerror}"

    shown: set[Path] = set()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            sending = [pool.submit(send, picture) for picture in pictures]
            if wait:
                _follow(feed, pictures, board, shown)
            for upload_ in sending:
                upload_.result()
        except BaseException:
            stopped.set()
            pool.shutdown(cancel_futures=True)
            raise
    for picture in pictures:
        if picture.path not in shown:
            board.end(picture)


def _follow(feed: Feed, pictures: list[Picture], board: Board, shown: set[Path]) -> None:
    def all_over() -> bool:
        for picture in pictures:
            if picture.over and picture.path not in shown:
                shown.add(picture.path)
                board.end(picture)
        return len(shown) == len(pictures)

    for change in feed.changes(all_over):
        if isinstance(change, Job):
            for picture in pictures:
                if picture.job_id == change.id:
                    picture.job = change


def _plain(picture: Picture, saved: dict[tuple[str, str], Path]) -> dict[str, object]:
    job = msgspec.to_builtins(picture.job) if picture.job else {"id": picture.job_id}
    files = {variant: str(path) for (name, variant), path in saved.items() if name == picture.job_id}
    return {"file": str(picture.path), "job": job, "errors": picture.sentences, "saved": files}

"""`umbel upload`: send files and show their variants as they are made."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import click
from rich.progress import BarColumn, Progress, ProgressColumn, TaskID, TextColumn
from rich.progress import Task as Row
from rich.text import Text

from umbel import results, show, stack, watching
from umbel.client import Client
from umbel.errors import UmbelError
from umbel.feed import Change, Feed
from umbel.job import Job
from umbel_core import contract
from umbel_core.contract import TaskMessage

_AT_ONCE = 4


class PictureFile:
    """One file to upload, and what is known of its job."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.job: Job | None = None
        self.record: contract.Job | None = None
        self.variants: dict[str, str] = {}
        """Variant -> status, as the messages so far say."""
        self.error: str | None = None

    @property
    def ended(self) -> bool:
        """True when its job has ended, or its upload failed."""
        return self.error is not None or (self.record is not None and self.record.ended)

    @property
    def sentences(self) -> list[str]:
        """What went wrong with it."""
        if self.error:
            return [self.error]
        return results.sentences(self.record) if self.record and self.record.status != "completed" else []

    def take(self, change: Change) -> None:
        """Apply a change of its job or of one of its tasks."""
        if isinstance(change, TaskMessage):
            self.variants[change.task.variant] = change.task.status
        else:
            self.record = change.job
            self.variants |= {name: variant.status for name, variant in (change.job.variants or {}).items()}


class Display:
    """The terminal during uploads: a progress row for each file, then one line."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(bar_width=10), _Variants())
        self._progress = Progress(*columns, console=show.err, transient=True, disable=not show.err.is_terminal)
        self._rows: dict[Path, TaskID] = {}

    def __enter__(self) -> "Display":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def begin(self, picture: PictureFile) -> None:
        """Add a row for a file whose upload starts."""
        name = show.text(picture.path.name)
        name.truncate(20, overflow="ellipsis", pad=True)
        size = picture.path.stat().st_size
        self._rows[picture.path] = self._progress.add_task(name.plain, total=size, picture=picture)

    def sent(self, picture: PictureFile, count: int) -> None:
        """Count bytes that were sent."""
        self._progress.advance(self._rows[picture.path], count)

    def end(self, picture: PictureFile) -> None:
        """Replace the row of a file by its last line."""
        row = self._rows.pop(picture.path, None)
        if row is not None:
            self._progress.remove_task(row)
        good = not picture.sentences
        errors = "; ".join(picture.sentences)
        completed = picture.record.counts.completed if picture.record else 0
        variants = f"{completed} variant{'s' * (completed != 1)}" if completed else ""
        made = ", ".join(filter(None, (variants, errors))) or "sent"
        line = show.joined(
            show.mark("completed" if good else "failed"), " ", show.text(picture.path.name, "bold"), "  ", made
        )
        self._progress.console.print(line, soft_wrap=True)


class _Variants(ProgressColumn):
    """The variants of a row's picture, each with a sign for its status."""

    def render(self, task: Row) -> Text:
        picture: PictureFile = task.fields["picture"]
        if not picture.variants:
            return Text("uploading" if not task.finished else "waiting", "dim")
        marked = (show.joined(show.mark(status), name) for name, status in sorted(picture.variants.items()))
        return Text(" ").join(marked)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--recipe", help="The set of variants to make; without it, the default one.")
@click.option("--wait/--no-wait", default=True, help="Wait for the variants (default), or only for the uploads.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Save the variants into this folder.")
@show.as_json
def upload(files: tuple[Path, ...], recipe: str | None, wait: bool, out: Path | None, as_json: bool) -> None:
    client = Client.of(stack.find(changing=True))
    pictures = [PictureFile(path) for path in dict.fromkeys(files)]
    running = (picture.job.id for picture in pictures if picture.job and not picture.ended)
    with watching.naming(lambda: running), Display() as display:
        _run(client, pictures, recipe, display, wait=wait)
    saved = {picture.path: picture.job.download(out, picture.path.name) for picture in pictures if picture.job and out}
    if as_json:
        show.dump([_plain(picture, saved.get(picture.path, {})) for picture in pictures])
    elif wait:
        # A picture without results already has its line.
        made = [(each.path, each.record) for each in pictures if each.record and each.record.counts.completed]
        if made:
            rows = (results.rows(path.name, job.variants or {}, saved.get(path, {})) for path, job in made)
            show.table(results.COLUMNS, chain.from_iterable(rows))
            for path, job in made:
                show.warnings(f"{path.name}: {sentence}" for sentence in results.warnings(job.variants or {}))
    else:
        show.table(("picture", "job"), [(p.path.name, p.job.id if p.job else "") for p in pictures])
    if any(picture.sentences for picture in pictures):
        raise click.exceptions.Exit(1)


def _run(client: Client, pictures: list[PictureFile], recipe: str | None, display: Display, *, wait: bool) -> None:
    feed, stopped = Feed(client.http, client.socket), threading.Event()

    def send(picture: PictureFile) -> None:
        def sent(count: int) -> None:
            if stopped.is_set():
                raise click.Abort
            display.sent(picture, count)

        display.begin(picture)
        try:
            picture.job = client.upload(picture.path, recipe, sent)
            feed.follow(picture.job.id)
        except UmbelError as error:
            picture.error = str(error)
        except OSError as error:
            picture.error = f"{picture.path.name}: {error.strerror}"

    shown: set[Path] = set()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            sending = [pool.submit(send, picture) for picture in pictures]
            if wait:
                _follow(feed, pictures, display, shown)
            for upload_ in sending:
                upload_.result()
        except BaseException:
            stopped.set()
            pool.shutdown(cancel_futures=True)
            raise
    for picture in pictures:
        if picture.path not in shown:
            display.end(picture)


def _follow(feed: Feed, pictures: list[PictureFile], display: Display, shown: set[Path]) -> None:
    def all_ended() -> bool:
        for picture in pictures:
            if picture.ended and picture.path not in shown:
                shown.add(picture.path)
                display.end(picture)
        return len(shown) == len(pictures)

    for change in feed.changes(all_ended):
        job_id = change.job_id if isinstance(change, TaskMessage) else change.job.id
        for picture in pictures:
            if picture.job and picture.job.id == job_id:
                picture.take(change)


def _plain(picture: PictureFile, saved: dict[str, Path]) -> dict[str, object]:
    job = picture.record or {"id": picture.job.id if picture.job else None}
    files = {variant: str(path) for variant, path in saved.items()}
    return {"file": str(picture.path), "job": job, "errors": picture.sentences, "saved": files}

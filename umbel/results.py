"""What jobs made: as rows to look at, as files to keep."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
from rich.text import Text

from umbel import show
from umbel.client import Client
from umbel.records import Job, Task, Variant

COLUMNS = ("~picture", "variant", ">pixels", ">size", ">time", "~result")

Saved = dict[tuple[str, str], Path]
"""Where each (job, variant) lies."""


def save(client: Client, jobs: Iterable[tuple[str, Job]], folder: Path) -> Saved:
    """Fetch every variant of the named jobs as `<name>-<variant>.<ext>`; two of one name stay apart by their job."""
    folder.mkdir(parents=True, exist_ok=True)
    saved: Saved = {}
    for picture, job in jobs:
        stem = Path(picture).stem
        for name, variant in job.variants.items():
            if variant.key and variant.url:
                file = f"{stem}-{name}.{extension(variant)}"
                path = folder / file
                if path in saved.values():
                    path = folder / f"{job.id}-{file}"
                client.save(variant.url, path)
                saved[job.id, name] = path
    return saved


def rows(picture: str, job: Job, saved: Saved) -> Iterator[tuple[show.Cell, ...]]:
    """One row per variant."""
    for name, variant in sorted(job.variants.items()):
        label = show.joined(show.mark(variant.status), " ", name)
        pixels = f"{variant.width} x {variant.height}" if variant.width else ""
        yield (
            picture,
            label,
            pixels,
            show.size(variant.bytes),
            show.duration(variant.duration_ms),
            _where(job, name, saved),
        )


def extension(variant: Variant) -> str:
    """How the variant's file name ends."""
    kind = variant.format or "bin"
    return {"jpeg": "jpg", "tiff": "tif"}.get(kind, kind)


def _where(job: Job, name: str, saved: Saved) -> Text:
    variant = job.variants[name]
    if variant.error:
        return show.text(variant.error.message, "red")
    if (job.id, name) in saved:
        return show.text(str(saved[job.id, name]))
    # Signed addresses are too long to read: a terminal gets a word to click, a pipe the address.
    if show.out.is_terminal:
        return Text("open", f"link {variant.url}" if variant.url else "")
    return show.text(variant.url or "")


def short(task: Task) -> str:
    """A task's result or its fault in a few words."""
    if task.error:
        return task.error.message
    if isinstance(task.result, dict) and "key" in task.result:
        made = msgspec.convert(task.result, Variant)
        return f"{made.width} x {made.height} {made.format}, {show.size(made.bytes)}"
    return "" if task.result is None else msgspec.json.encode(task.result).decode()

"""Format the results and errors of jobs for the command line."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from rich.text import Text

from umbel import show
from umbel.job import Job
from umbel_core import contract
from umbel_core.contract import Task, Variant

COLUMNS = ("~picture", "variant", ">pixels", ">size", ">time", "~result")


def rows(picture: str, variants: Mapping[str, Variant], saved: Mapping[str, Path]) -> Iterator[tuple[show.Cell, ...]]:
    """Yield one row for each variant; `saved` has the paths of saved files by variant."""
    for name, variant in sorted(variants.items()):
        label = show.joined(show.mark(variant.status), " ", name)
        pixels = f"{variant.width} x {variant.height}" if variant.width else ""
        time = show.duration(variant.duration_ms or None)
        yield picture, label, pixels, show.size(variant.bytes or None), time, _where(variant, saved.get(name))


def sentences(job: contract.Job) -> list[str]:
    """Return the errors of a job as sentences, each once."""
    of_variants = [variant.error.message for variant in (job.variants or {}).values() if variant.error]
    return list(dict.fromkeys([error.message for error in job.errors] + of_variants))


def warnings(variants: Mapping[str, Variant]) -> list[str]:
    """Return the warnings about the results of a job as sentences that begin with the variant."""
    return [f"{name}: {warning.message}" for name, each in sorted(variants.items()) for warning in each.warnings]


def short(task: Task) -> str:
    """Return a task's result, its error or why it is tried again, as a short text."""
    if task.error:
        return task.error.message
    if task.retrying:
        return task.retrying
    if isinstance(task.result, dict) and "key" in task.result:
        made = msgspec.convert(task.result, Variant)
        return f"{made.width} x {made.height} {made.format}, {show.size(made.bytes or None)}"
    return "" if task.result is None else msgspec.json.encode(task.result).decode()


def whole(job: Job, status: contract.TaskStatus | None = None) -> dict[str, Any]:
    """Return a job's record with its tasks, as `--json` prints it."""
    return {**msgspec.to_builtins(job.record), "tasks": list(job.tasks(status))}


def _where(variant: Variant, saved: Path | None) -> Text:
    if variant.error:
        return show.text(variant.error.message, "red")
    if saved:
        return show.text(str(saved))
    # Signed URLs are too long to read: a terminal gets a word to click, a pipe the URL.
    url = variant.url or ""
    if show.out.is_terminal:
        return Text("open", f"link {url}" if url else "")
    return show.text(url)

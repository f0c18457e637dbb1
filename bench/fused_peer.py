"""Make the variants of recipes apart and fused, in turns, and print what both take (`bench.fused`)."""

import argparse
import gc
import resource
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from tests.fakes import FakeBucket
from tests.pictures.large import large_photo
from umbel_core.catalogue import load_op, read_ops
from umbel_core.messages import RunTask
from umbel_core.op import describe
from umbel_core.recipes import RecipeVariant, read_recipes
from umbel_core.settings import Limits
from worker.fused import FusedWork
from worker.work import FileSource, PictureDestination, Work, in_ledger

_OPS = Path("functions/ops")
_KEY = "uploads/photo.jpg"
_WRITTEN = """
[small]
128 = { op = "thumbnail", width = 128 }
256 = { op = "thumbnail", width = 256 }
512 = { op = "thumbnail", width = 512 }

[jpeg]
480 = { op = "thumbnail", width = 480 }
960 = { op = "thumbnail", width = 960 }
1920 = { op = "thumbnail", width = 1920 }
"""
"""Recipes beside those of recipes.toml."""


class _NoWeb:
    """No picture comes from the web."""

    def file(self, url: str, seconds: float) -> bytes:
        raise NotImplementedError


def main() -> None:
    """Measure some recipes and print a table."""
    parser = argparse.ArgumentParser(prog="bench fused")
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "recipes.toml")
        path.write_text(Path("recipes.toml").read_text() + _WRITTEN)
        recipes = read_recipes(path, read_ops(_OPS))
    photo = large_photo(4032, 3024, "JPEG")
    print("| recipe | variants | CPU ms, each by itself | CPU ms, fused | ratio |")
    print("|---|---|---|---|---|")
    for name in ("default", "hero", "small", "jpeg"):
        apart, fused = _measured(photo, recipes[name], rounds)
        print(f"| {name} | {len(recipes[name])} | {apart:.0f} | {fused:.0f} | {fused / apart:.2f} |", flush=True)


def _measured(photo: bytes, variants: dict[str, RecipeVariant], rounds: int) -> tuple[float, float]:
    """Return the CPU milliseconds of all variants apart, and fused."""
    bucket = FakeBucket()
    bucket.upload(_KEY, photo)
    tasks = [
        RunTask(job_id="j1", index=index, op=variant.op, variant=name, input=_KEY, params=variant.params)
        for index, (name, variant) in enumerate(variants.items())
    ]
    works = {variant.op: _work(variant.op, bucket) for variant in variants.values()}

    def apart() -> None:
        for task in tasks:
            works[task.op](task)

    def fused() -> None:
        work = FusedWork(works, set(works))
        for task in tasks:
            work(msgspec.structs.replace(task, together=[other for other in tasks if other is not task]))

    taken = [(_cpu_ms(apart), _cpu_ms(fused)) for _ in range(rounds + 1)]
    return min(first for first, _ in taken), min(second for _, second in taken)


def _work(op: str, bucket: FakeBucket) -> Work:
    function = load_op(_OPS, op)
    card = describe(function)
    destination = PictureDestination(bucket, Limits()) if card.returns == "picture" else in_ledger
    return Work(function, FileSource(card, function, bucket, _NoWeb(), Limits()), destination)


def _cpu_ms(run: Callable[[], None]) -> float:
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF)
    run()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return 1000 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


if __name__ == "__main__":
    main()

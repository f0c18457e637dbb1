"""Make the variants of recipes apart and fused, in turns, and print what both take (`bench.fused`)."""

import argparse
import gc
import platform
import re
import resource
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import msgspec

from tests.fakes import FakeBucket
from tests.pictures.large import large_photo
from umbel.growth.upload import CPU_FACTOR, S3_MB_PER_SECOND, S3_MS
from umbel_core.catalogue import load_op, read_ops
from umbel_core.cost import run_cost_nano
from umbel_core.fused_lane import fused_card, fused_lane
from umbel_core.messages import RunTask
from umbel_core.recipes import RecipeVariant, read_recipes
from umbel_core.settings import Limits
from worker.fused import FusedWork
from worker.work import FileSource, PictureDestination, Work, in_ledger

PAGE = Path("docs/performance.md")
_MARK = re.compile("(<!-- fused -->\n).*(<!-- /fused -->)", re.DOTALL)
_OPS = Path("functions/ops")
_CATALOGUE = read_ops(_OPS)
_KEY = "uploads/photo.jpg"
_MORE = """
[small]
128 = { op = "thumbnail", width = 128 }
256 = { op = "thumbnail", width = 256 }
512 = { op = "thumbnail", width = 512 }

[widths]
480 = { op = "thumbnail", width = 480 }
960 = { op = "thumbnail", width = 960 }
1920 = { op = "thumbnail", width = 1920 }
"""
"""Recipes beside those of recipes.toml."""
_MEASURED = {
    "default": "`default`: thumbnail, grayscale, blur, rotate90",
    "hero": "`hero`: three widths as AVIF, WebP and JPEG",
    "widths": "widths 480, 960 and 1920 as JPEG",
    "small": "widths 128, 256 and 512 as JPEG",
}


class _NoWeb:
    """No picture comes from the web."""

    def file(self, url: str, seconds: float) -> bytes:
        raise NotImplementedError


class Measured:
    """The variants of one recipe of a photo, made apart and fused in turns."""

    def __init__(self, photo: bytes, variants: dict[str, RecipeVariant], rounds: int) -> None:
        self._photo, self._variants = photo, variants
        self._bucket = FakeBucket()
        self._bucket.upload(_KEY, photo)
        self._works = {variant.op: self._work(variant.op) for variant in variants.values()}
        self._tasks = [
            RunTask(job_id="j1", index=index, op=variant.op, variant=name, input=_KEY, params=variant.params)
            for index, (name, variant) in enumerate(variants.items())
        ]
        # In the first round, the code is loaded.
        taken = [(_cpu_ms(self._make_apart), _cpu_ms(self._make_fused)) for _ in range(rounds + 1)]
        self.apart, self.fused = (min(each) for each in zip(*taken, strict=True))

    def row(self, name: str) -> str:
        """Return the row of the table."""
        cells = [f"{self.apart:.0f}", f"{self.fused:.0f}", f"{self.fused / self.apart:.2f}"]
        cents = [f"{self._cents(self.apart):.1f}", f"{self._cents(self.fused, together=True):.1f}"]
        return f"| {' | '.join([name, *cells, *cents])} |"

    def _make_apart(self) -> None:
        for task in self._tasks:
            self._works[task.op](task)

    def _make_fused(self) -> None:
        work = FusedWork(self._works, set(self._works))
        for task in self._tasks:
            work(msgspec.structs.replace(task, together=[other for other in self._tasks if other is not task]))

    def _cents(self, cpu_ms: float, *, together: bool = False) -> float:
        """Return what the workers of a thousand such pictures cost by the price table, as docs/costs.md assumes it."""
        number = len(self._tasks)
        reads = 1 if together else number
        written = sum(len(data) for key, data in self._bucket.objects.items() if key != _KEY)
        transferred = (reads * len(self._photo) + written) / 1e6
        lane_ms = cpu_ms * CPU_FACTOR + (reads + number) * S3_MS + transferred / S3_MB_PER_SECOND * 1000
        variants = {name: msgspec.structs.replace(variant, fuse=True) for name, variant in self._variants.items()}
        lane = fused_lane({"fused": variants}, _CATALOGUE)
        assert lane
        card = fused_card(lane) if together else _CATALOGUE[self._tasks[0].op]
        return number * run_cost_nano(lane_ms / number, card, tasks=number if together else 1) / 1e4

    def _work(self, op: str) -> Work:
        function, card = load_op(_OPS, op), _CATALOGUE[op]
        destination = PictureDestination(self._bucket, Limits()) if card.returns == "picture" else in_ledger
        return Work(function, FileSource(card, function, self._bucket, _NoWeb(), Limits()), destination)


def main() -> None:
    """Measure some recipes and print a table; with `--write`, put it into the page."""
    parser = argparse.ArgumentParser(prog="bench fused")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "recipes.toml")
        path.write_text(Path("recipes.toml").read_text() + _MORE)
        recipes = read_recipes(path, _CATALOGUE)
    photo = large_photo(4032, 3024, "JPEG")
    lines = [
        f"Measured on {_where()}: a JPEG of 12 MP and {len(photo) / 1e6:.1f} MB.\n",
        "| variants | CPU ms, apart | CPU ms, fused | ratio | cents a thousand, apart | cents, fused |",
        "|---|---|---|---|---|---|",
        *(Measured(photo, recipes[recipe], given.rounds).row(name) for recipe, name in _MEASURED.items()),
    ]
    markdown = "\n".join(lines) + "\n"
    print(markdown)
    if given.write:
        PAGE.write_text(_MARK.sub(lambda mark: mark[1] + markdown + mark[2], PAGE.read_text()))


def _where() -> str:
    return f"{date.today():%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}"  # noqa: DTZ011


def _cpu_ms(run: Callable[[], None]) -> float:
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF)
    run()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return 1000 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


if __name__ == "__main__":
    main()

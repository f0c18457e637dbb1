"""Records of what set-up has made: a part's stamp has its sources, its folder and a fingerprint of its files."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from umbel.content_hash import content_hash
from umbel.errors import UmbelError
from umbel.paths import ROOT, TOOLS

STAMPS = TOOLS / "stamps"


@dataclass(frozen=True)
class Part:
    """One thing that set-up makes."""

    title: str
    sources: list[Path]
    traces: Callable[[], object]
    """Return a fingerprint of the product, from some hundred file names; None when there is no product."""
    check: Callable[[], None]
    """Run the product; a `UmbelError` when it does not run."""
    make: Callable[[str], None]
    folder: Path | None = None
    """The product's folder. It is deleted before the product is made again, when the present one does not run."""


def ensure(part: Part) -> None:
    """Make the part, unless it exists, is unchanged, was made from these sources in this folder, and runs."""
    stamp = STAMPS / part.title.replace(" ", "-")
    known = _read(stamp)
    wanted = digest(part.sources)
    traces = part.traces()
    if traces is not None and known.get("sources") == wanted and known.get("traces") == traces:
        if known.get("place") == str(ROOT):
            return
        # The checkout was moved or copied. Everything should still work then; this is checked once.
        if _runs(part):
            _write(stamp, wanted, traces)
            return
    # Delete it first, so that a part that is only half made has no stamp.
    stamp.unlink(missing_ok=True)
    part.make(part.title)
    try:
        part.check()
    except UmbelError:
        if part.folder is None:
            raise
        # An installer trusts its own list of files, even if somebody deleted some of them.
        shutil.rmtree(part.folder, ignore_errors=True)
        part.make(part.title)
        part.check()
    _write(stamp, digest(part.sources), part.traces())


def digest(paths: list[Path]) -> str:
    """Return a hash of the files at and below these paths, and of the version of the interpreter that reads them."""
    return content_hash(paths, repr(sys.version_info[:2]))


def _runs(part: Part) -> bool:
    try:
        part.check()
    except UmbelError:
        return False
    return True


def _read(stamp: Path) -> dict[str, object]:
    try:
        known = json.loads(stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # Also when another version of Umbel wrote it.
        return {}
    return known if isinstance(known, dict) else {}


def _write(stamp: Path, sources: str, traces: object) -> None:
    stamp.parent.mkdir(parents=True, exist_ok=True)
    said = {"sources": sources, "place": str(ROOT), "traces": traces}
    stamp.write_text(json.dumps(said), encoding="utf-8")

"""What set-up has made, and whether it may be trusted: a stamp per part says of what, where, and how it looked then."""

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
    """How the product looks, at the price of some hundred file names; None when it is not there."""
    check: Callable[[], None]
    """Run the product; a `UmbelError` when it does not run."""
    make: Callable[[str], None]
    folder: Path | None = None
    """Where all of it lies: deleted before it is made anew when what was made does not run."""


def ensure(part: Part) -> None:
    """Make the part unless it is there, of these sources, at this place, as it was left, and runs."""
    stamp = STAMPS / part.title.replace(" ", "-")
    known = _read(stamp)
    wanted = digest(part.sources)
    traces = part.traces()
    if traces is not None and known.get("sources") == wanted and known.get("traces") == traces:
        if known.get("place") == str(ROOT):
            return
        # The checkout was moved or copied. All that is made keeps working then; whether it does is tried once.
        if _runs(part):
            _write(stamp, wanted, traces)
            return
    # First, so that what is half made has no stamp.
    stamp.unlink(missing_ok=True)
    part.make(part.title)
    try:
        part.check()
    except UmbelError:
        if part.folder is None:
            raise
        # An installer trusts its own list of what is there, whatever somebody deleted beside the list.
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

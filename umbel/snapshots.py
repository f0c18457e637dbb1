"""The folders that hold one saved state each: written whole or not at all, checked, listed, the old ones deleted.

    data/snapshot-000012/manifest.json   what it is of, and the digests of its files
                         state/          one file per service of the engine, and the functions' code
                         s3/             the objects, as hard links to the engine's own files where possible
                         state.json      what `up` remembers of the deployment

The engine's process writes them and the command line reads them, so: standard library only.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

FORMAT = 1
KEEP = 2
"""Snapshots that are kept: the last one, and the one before for when it turns out to be unreadable."""

MANIFEST = "manifest.json"
MEMORY = "state.json"
BLOBS = "lambda-blobs"
_NAME = re.compile(r"snapshot-(\d{6,})")
_UNFINISHED = ".unfinished"


class Unreadable(Exception):  # noqa: N818 - says what the snapshot is
    """A snapshot that cannot be used; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a snapshot is of."""

    format: int
    engine: str
    """The engine's version."""
    port: int
    """The port that the saved addresses name."""
    taken_at: str
    """ISO 8601, UTC."""
    fingerprint: str | None
    """That of the deployment, as `up` computed it."""
    objects: int
    """Files below s3/."""
    files: Mapping[str, str]
    """SHA-256 of every other file, by its path in the snapshot."""


def listed(data: Path) -> list[Path]:
    """Return the finished snapshots, newest first. They are numbered, because a clock may be set back."""
    if not data.is_dir():
        return []
    return sorted((path for path in data.iterdir() if _NAME.fullmatch(path.name)), key=_number, reverse=True)


def read(snapshot: Path) -> Manifest:
    """Return a snapshot's manifest; raises Unreadable when there is none of this format."""
    try:
        found = json.loads((snapshot / MANIFEST).read_bytes())
        if found.get("format") != FORMAT:
            raise Unreadable(f"its format is {found.get('format')}, this version reads {FORMAT}")
        manifest = Manifest(**found)
        numbers = (manifest.port, manifest.objects)
        if not all(isinstance(number, int) for number in numbers) or not isinstance(manifest.files, dict):
            raise Unreadable("its manifest is damaged")
        datetime.fromisoformat(manifest.taken_at)
        return manifest
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise Unreadable(f"its manifest cannot be read: {error}") from error


def check(snapshot: Path) -> Manifest:
    """Return the manifest after every file was read again and compared; raises Unreadable at the first difference."""
    manifest = read(snapshot)
    for name, wanted in manifest.files.items():
        try:
            content = (snapshot / name).read_bytes()
            if digest(content) != wanted:
                raise Unreadable(f"{name} is not what was written")
            if name.endswith(".json"):
                json.loads(content)
        except (OSError, ValueError) as error:
            raise Unreadable(f"{name} cannot be read: {error}") from error
    found = sum(1 for _ in files(snapshot / "s3"))
    if found != manifest.objects:
        raise Unreadable(f"it has {found} of {manifest.objects} files of objects")
    return manifest


def begin(data: Path) -> Path:
    """Return an empty folder to write the next snapshot into; one that was never finished is deleted."""
    unfinished = data / _UNFINISHED
    discard(data)
    (unfinished / "state").mkdir(parents=True, mode=0o700)
    (unfinished / "s3").mkdir(mode=0o700)
    return unfinished


def discard(data: Path) -> None:
    """Delete what was begun and never finished."""
    shutil.rmtree(data / _UNFINISHED, ignore_errors=True)


def finish(unfinished: Path, manifest: Manifest) -> Path:
    """Write the manifest, check all of it, give it its name, and delete the oldest snapshots."""
    data = unfinished.parent
    write(unfinished / MANIFEST, json.dumps(asdict(manifest), indent=1).encode())
    for folder in (unfinished / "s3", unfinished / "state", unfinished):
        _sync(folder)
    check(unfinished)
    earlier = listed(data)
    final = data / f"snapshot-{_number(earlier[0]) + 1 if earlier else 1:06}"
    unfinished.rename(final)
    _sync(data)
    for old in earlier[KEEP - 1 :]:
        shutil.rmtree(old, ignore_errors=True)
    return final


def write(path: Path, content: bytes) -> None:
    """Write a file so that it is on the disk, readable by its user alone."""
    path.touch(mode=0o600)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def link_tree(source: Path, target: Path) -> int:
    """Give every file of a tree a second name below `target`; returns how many there are.

    The engine replaces its files and never writes into one, so both names keep their content. Where the file system
    has no hard links, files are copied.
    """
    count = 0
    made: set[Path] = set()
    for file in files(source):
        path = target / file.relative_to(source)
        if path.parent not in made:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            made.add(path.parent)
        link(file, path)
        count += 1
    # Empty folders, too: a bucket without objects is one.
    for folder, _, _ in os.walk(source):
        (target / Path(folder).relative_to(source)).mkdir(parents=True, exist_ok=True, mode=0o700)
    return count


def link(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it."""
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        shutil.copy2(source, target)


def files(folder: Path) -> Iterator[Path]:
    """Every file below a folder."""
    for place, _, names in os.walk(folder):
        for name in names:
            yield Path(place, name)


def same(one: Path, other: Path) -> bool:
    """Whether two paths are the same content, judged without reading it: one file, or equal in size and time."""
    try:
        a, b = one.stat(), other.stat()
    except OSError:
        return False
    return (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino) or (a.st_size, a.st_mtime_ns) == (b.st_size, b.st_mtime_ns)


def sync_new(folder: Path, before: Path | None) -> None:
    """Put those files of a tree on the disk that the snapshot before did not have."""
    for file in files(folder):
        if before is None or not same(file, before / file.relative_to(folder)):
            _sync(file)


def digest(content: bytes) -> str:
    """SHA-256."""
    return hashlib.sha256(content).hexdigest()


def aside(data: Path, what: str) -> Path:
    """Return a free path in `data` for something that is moved out of the way: `lost-1`, `unreadable-2`."""
    number = 1
    while (path := data / f"{what}-{number}").exists():
        number += 1
    return path


def _number(path: Path) -> int:
    found = _NAME.fullmatch(path.name)
    return int(found[1]) if found else 0


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        # Some file systems have no fsync for folders.
        with contextlib.suppress(OSError) if path.is_dir() else contextlib.nullcontext():
            os.fsync(handle)
    finally:
        os.close(handle)

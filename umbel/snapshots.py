"""Write, check, list and delete snapshots. A snapshot is a folder with one saved state of the engine.

    data/snapshot-000012/manifest.json   its version, port and time, and the digests of its files
                         state/          one file per service of the engine, and the functions' code
                         s3/             the objects, as hard links to the engine's own files where possible
                         state.json      the outputs and the token of the deployment

A snapshot gets its name when it is complete. The engine's process, which has only the standard library, writes
snapshots; the command line reads them.
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
"""The number of snapshots that are not deleted: the last one, and the one before in case the last is unreadable."""

MANIFEST = "manifest.json"
DEPLOYMENT_STATE = "state.json"
DEPLOYMENT_STATES = "state*.json"
"""The pattern of the files of all stacks: that of a stack with a name of its own is `state-<name>.json`."""
BLOBS = "lambda-blobs"
_NAME = re.compile(r"snapshot-(\d{6,})")
_UNFINISHED = ".unfinished"


class UnreadableSnapshotError(Exception):
    """A snapshot that cannot be used; the message says why."""


@dataclass(frozen=True, kw_only=True)
class SnapshotManifest:
    """The description of a snapshot's content."""

    format: int
    engine: str
    """The engine's version."""
    port: int
    """The port in the saved URLs."""
    taken_at: str
    """ISO 8601, UTC."""
    fingerprint: str | None
    """The deployment's fingerprint, as `up` computed it."""
    objects: int
    """The number of files in s3/."""
    files: Mapping[str, str]
    """Path in the snapshot -> SHA-256, of every other file."""


def listed(data: Path) -> list[Path]:
    """Return the complete snapshots, newest first. They are ordered by number: the clock may be set back."""
    if not data.is_dir():
        return []
    return sorted((path for path in data.iterdir() if _NAME.fullmatch(path.name)), key=_number, reverse=True)


def read(snapshot: Path) -> SnapshotManifest:
    """Return a snapshot's manifest; raise UnreadableSnapshotError when it has none in this format."""
    try:
        found = json.loads((snapshot / MANIFEST).read_bytes())
        if found.get("format") != FORMAT:
            raise UnreadableSnapshotError(f"its format is {found.get('format')}, this version reads {FORMAT}")
        manifest = SnapshotManifest(**found)
        numbers = (manifest.port, manifest.objects)
        if not all(isinstance(number, int) for number in numbers) or not isinstance(manifest.files, dict):
            raise UnreadableSnapshotError("its manifest is damaged")
        datetime.fromisoformat(manifest.taken_at)
        return manifest
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise UnreadableSnapshotError(f"its manifest cannot be read: {error}") from error


def check(snapshot: Path) -> SnapshotManifest:
    """Compare every file with its digest and return the manifest; raise UnreadableSnapshotError at a difference."""
    manifest = read(snapshot)
    for name, wanted in manifest.files.items():
        try:
            content = (snapshot / name).read_bytes()
            if digest(content) != wanted:
                raise UnreadableSnapshotError(f"{name} is not what was written")
            if name.endswith(".json"):
                json.loads(content)
        except (OSError, ValueError) as error:
            raise UnreadableSnapshotError(f"{name} cannot be read: {error}") from error
    found = sum(1 for _ in files(snapshot / "s3"))
    if found != manifest.objects:
        raise UnreadableSnapshotError(f"it has {found} of {manifest.objects} files of objects")
    return manifest


def begin(data: Path) -> Path:
    """Return an empty folder to write the next snapshot into; delete one that was never finished."""
    unfinished = data / _UNFINISHED
    discard(data)
    (unfinished / "state").mkdir(parents=True, mode=0o700)
    (unfinished / "s3").mkdir(mode=0o700)
    return unfinished


def discard(data: Path) -> None:
    """Delete a snapshot that was begun and never finished."""
    shutil.rmtree(data / _UNFINISHED, ignore_errors=True)


def finish(unfinished: Path, manifest: SnapshotManifest) -> Path:
    """Write the manifest, check the snapshot, rename it to its final name, and delete the oldest snapshots."""
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
    """Write a file, readable by its owner alone, and flush it to the disk."""
    path.touch(mode=0o600)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def link_tree(source: Path, target: Path) -> int:
    """Hard-link every file of a tree below `target`; return the number of files.

    The engine replaces files and never writes into one, so a link keeps its content. Where the file system has no hard
    links, files are copied.
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
    # Empty folders are needed too: a bucket without objects is one.
    for folder, _, _ in os.walk(source):
        (target / Path(folder).relative_to(source)).mkdir(parents=True, exist_ok=True, mode=0o700)
    return count


def link(source: Path, target: Path) -> None:
    """Hard-link a file, or copy it where the file system has no hard links."""
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        shutil.copy2(source, target)


def files(folder: Path) -> Iterator[Path]:
    """Yield every file below a folder."""
    for parent, _, names in os.walk(folder):
        for name in names:
            yield Path(parent, name)


def same(one: Path, other: Path) -> bool:
    """Return whether two files have the same content, without reading them: one inode, or equal size and time."""
    try:
        a, b = one.stat(), other.stat()
    except OSError:
        return False
    return (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino) or (a.st_size, a.st_mtime_ns) == (b.st_size, b.st_mtime_ns)


def sync_new(folder: Path, before: Path | None) -> None:
    """Flush those files of a tree to the disk that the snapshot before does not have."""
    for file in files(folder):
        if before is None or not same(file, before / file.relative_to(folder)):
            _sync(file)


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file's content, in hex."""
    return hashlib.sha256(content).hexdigest()


def free_path(data: Path, prefix: str) -> Path:
    """Return a path in `data` that does not exist yet, for files that are moved aside: `lost-1`, `unreadable-2`."""
    number = 1
    while (path := data / f"{prefix}-{number}").exists():
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

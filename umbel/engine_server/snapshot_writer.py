"""Take a snapshot of the engine from inside its process, in two parts.

`collect` runs while requests wait, so it must be fast: it copies in memory and creates hard links. `store` writes the
files, which may take long, while the engine answers requests again.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from umbel import snapshots
from umbel.snapshots import BLOBS, DEPLOYMENT_STATE, DEPLOYMENT_STATES, FORMAT, SnapshotManifest

_COPY_ATTEMPTS = 20
"""The engine's own threads go on during `collect`, and may change a table while it is copied."""


class SnapshotError(Exception):
    """No snapshot could be taken; the message says why."""


class SnapshotWriter:
    """Writes snapshots into `data`, of `engine`, the engine's module `app`, whose files are in `run`."""

    def __init__(self, engine: Any, run: Path, data: Path, port: int) -> None:
        self._engine = engine
        self._run = run
        self._data = data
        self._port = port
        # Imported now, because after a move of the checkout imports fail.
        from ministack.core import persistence  # type: ignore[import-not-found]  # noqa: PLC0415 - only the engine has it

        self._format = persistence._state_format_version
        self._default = persistence._json_default
        self._version = version("ministack")

    def collect(self) -> tuple[Path, dict[str, Any]]:
        """Copy the present state of every service, and hard-link the files that belong to it."""
        self._data.mkdir(parents=True, exist_ok=True, mode=0o700)
        unfinished = snapshots.begin(self._data)
        # The call that returns the state of Lambda also writes the functions' code as files.
        states = {name: state for name, get in self._services().items() if (state := _copy(get)) is not None}
        self._check_objects()
        for source, target in ((self._run / "s3", "s3"), (self._run / "state" / BLOBS, f"state/{BLOBS}")):
            if source.is_dir():
                snapshots.link_tree(source, unfinished / target)
        for file in self._run.glob(DEPLOYMENT_STATES):
            shutil.copy2(file, unfinished / file.name)
        return unfinished, states

    def store(self, unfinished: Path, states: Mapping[str, Any]) -> SnapshotManifest:
        """Write what `collect` returned, check it, and make it the newest snapshot."""
        before = next(iter(snapshots.listed(self._data)), None)
        for name, state in states.items():
            wrapped = {"__ministack_format__": self._format(name), "payload": state}
            content = json.dumps(wrapped, default=self._default).encode()
            _write(unfinished / "state" / f"{name}.json", content, before)
        snapshots.sync_new(unfinished / "s3", before / "s3" if before else None)
        snapshots.sync_new(unfinished / "state" / BLOBS, before / "state" / BLOBS if before else None)
        others = [*snapshots.files(unfinished / "state"), *unfinished.glob(DEPLOYMENT_STATES)]
        manifest = SnapshotManifest(
            format=FORMAT,
            engine=self._version,
            port=self._port,
            taken_at=datetime.now(UTC).isoformat(timespec="seconds"),
            fingerprint=_fingerprint(unfinished / DEPLOYMENT_STATE),
            objects=sum(1 for _ in snapshots.files(unfinished / "s3")),
            files={str(file.relative_to(unfinished)): snapshots.digest(file.read_bytes()) for file in others},
        )
        snapshots.finish(unfinished, manifest)
        return manifest

    def discard(self) -> None:
        """Delete what was collected but not stored."""
        snapshots.discard(self._data)

    def _services(self) -> dict[str, Any]:
        found: dict[str, Any] = self._engine._build_persistence_save_dict()
        return found

    def _check_objects(self) -> None:
        """Check that every object that the engine has is on the disk; raise SnapshotError when one is not.

        The engine itself only logs a failed write, and goes on with the object in memory.
        """
        s3 = sys.modules.get("ministack.services.s3")
        if s3 is None:
            return
        for (account, bucket), record in list(s3._buckets._data.items()):
            for key, item in list(record["objects"].items()):
                if isinstance(item, dict) and item.get("body") is not None:
                    s3._persist_object(bucket, key, item)
                path = s3._object_disk_path(bucket, key, account)
                if path is None or not Path(path).is_file():
                    raise SnapshotError(f"the object {key} of bucket {bucket} could not be written")


def _write(path: Path, content: bytes, before: Path | None) -> None:
    """Write a state file, or hard-link that of the snapshot before when it is equal."""
    if before:
        old = before / "state" / path.name
        if old.is_file() and old.stat().st_size == len(content) and old.read_bytes() == content:
            snapshots.link(old, path)
            return
    snapshots.write(path, content)


def _copy(get: Any) -> Any:
    for _ in range(_COPY_ATTEMPTS):
        # "dictionary changed size during iteration"
        with contextlib.suppress(RuntimeError):
            return get()
    raise SnapshotError(f"{get.__module__} kept changing")


def _fingerprint(memory: Path) -> str | None:
    try:
        found = json.loads(memory.read_bytes()).get("fingerprint")
        return str(found) if found else None
    except (OSError, ValueError):
        return None

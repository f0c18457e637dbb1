"""Take a snapshot of the engine from inside its process.

`collect` runs while requests are held and only copies in memory and makes hard links; `store` writes, and may take as
long as it does while the engine works again.
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
from umbel.snapshots import BLOBS, FORMAT, MEMORY, Manifest

_TRIES = 20
"""The engine's own threads go on while it is copied, and may change a table under the copy."""


class Unsaved(Exception):  # noqa: N818 - says what the state is
    """The state could not be saved; the message says why."""


class Taker:
    """Takes snapshots of `engine`, the engine's module `app`, whose files are below `run`, into `data`."""

    def __init__(self, engine: Any, run: Path, data: Path, port: int) -> None:
        self._engine = engine
        self._run = run
        self._data = data
        self._port = port
        # Looked up now: after a move of the checkout nothing more can be imported.
        from ministack.core import persistence  # type: ignore[import-not-found]  # noqa: PLC0415 - in its own environment alone

        self._format = persistence._state_format_version
        self._default = persistence._json_default
        self._version = version("ministack")

    def collect(self) -> tuple[Path, dict[str, Any]]:
        """Copy every service's state as it is now, and link the files that belong to it."""
        self._data.mkdir(parents=True, exist_ok=True, mode=0o700)
        unfinished = snapshots.begin(self._data)
        # Functions' code is written as files by the call that returns the state.
        states = {name: state for name, get in self._services().items() if (state := _copied(get)) is not None}
        self._check_objects()
        for source, target in ((self._run / "s3", "s3"), (self._run / "state" / BLOBS, f"state/{BLOBS}")):
            if source.is_dir():
                snapshots.link_tree(source, unfinished / target)
        if (self._run / MEMORY).exists():
            shutil.copy2(self._run / MEMORY, unfinished / MEMORY)
        return unfinished, states

    def store(self, unfinished: Path, states: Mapping[str, Any]) -> Manifest:
        """Write what was collected, check it, and make it the newest snapshot."""
        before = next(iter(snapshots.listed(self._data)), None)
        for name, state in states.items():
            wrapped = {"__ministack_format__": self._format(name), "payload": state}
            content = json.dumps(wrapped, default=self._default).encode()
            _write(unfinished / "state" / f"{name}.json", content, before)
        snapshots.sync_new(unfinished / "s3", before / "s3" if before else None)
        snapshots.sync_new(unfinished / "state" / BLOBS, before / "state" / BLOBS if before else None)
        others = [*snapshots.files(unfinished / "state"), *([unfinished / MEMORY] * (unfinished / MEMORY).exists())]
        manifest = Manifest(
            format=FORMAT,
            engine=self._version,
            port=self._port,
            taken_at=datetime.now(UTC).isoformat(timespec="seconds"),
            fingerprint=_fingerprint(unfinished / MEMORY),
            objects=sum(1 for _ in snapshots.files(unfinished / "s3")),
            files={str(file.relative_to(unfinished)): snapshots.digest(file.read_bytes()) for file in others},
        )
        snapshots.finish(unfinished, manifest)
        return manifest

    def discard(self) -> None:
        """Delete what was collected and not stored."""
        snapshots.discard(self._data)

    def _services(self) -> dict[str, Any]:
        found: dict[str, Any] = self._engine._build_persistence_save_dict()
        return found

    def _check_objects(self) -> None:
        """Make sure that every object that the engine answers with is on the disk.

        The engine only logs a write that failed, and goes on with the object in memory.
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
                    raise Unsaved(f"the object {key} of bucket {bucket} could not be written")


def _write(path: Path, content: bytes, before: Path | None) -> None:
    """Write a state file, or link that of the snapshot before when it is the same."""
    if before:
        old = before / "state" / path.name
        if old.is_file() and old.stat().st_size == len(content) and old.read_bytes() == content:
            snapshots.link(old, path)
            return
    snapshots.write(path, content)


def _copied(get: Any) -> Any:
    for _ in range(_TRIES):
        # "dictionary changed size during iteration"
        with contextlib.suppress(RuntimeError):
            return get()
    raise Unsaved(f"{get.__module__} kept changing")


def _fingerprint(memory: Path) -> str | None:
    try:
        found = json.loads(memory.read_bytes()).get("fingerprint")
        return str(found) if found else None
    except (OSError, ValueError):
        return None

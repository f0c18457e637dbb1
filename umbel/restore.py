"""Restore the newest readable snapshot into the run's folder, and move aside data that cannot be used."""

import contextlib
import json
import re
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from umbel import progress, snapshots
from umbel.paths import DATA, RUN
from umbel.snapshots import (
    BLOBS,
    DEPLOYMENT_STATE,
    DEPLOYMENT_STATES,
    FORMAT,
    SnapshotManifest,
    UnreadableSnapshotError,
)

DEPLOYED = RUN / "deployed"
"""This file exists after a deployment that succeeded: only then the engine's state may be saved."""
_DEPLOYED_BEFORE = RUN / "deployed-before"
_REFUSAL = RUN / "unreadable.txt"
_URL_PREFIX = "http://127.0.0.1:"
_OLD_LAYOUT = ("state", "s3", DEPLOYMENT_STATE)
_FREE_TEXT = frozenset({"dynamodb.json", "cloudwatch_logs.json"})
"""Files with the users' own texts, in which no URL of the engine must be changed."""


class ReadableSnapshot(msgspec.Struct, frozen=True):
    """A snapshot whose files were all checked."""

    folder: Path
    manifest: SnapshotManifest

    @property
    def taken_at(self) -> str:
        """The time at which it was taken, in local time."""
        return local_time(self.manifest)


def forbid_saving() -> None:
    """Forbid snapshots until `allow_saving` is called: the stack may be incomplete during a deployment."""
    with contextlib.suppress(FileNotFoundError):
        DEPLOYED.replace(_DEPLOYED_BEFORE)


def allow_saving() -> None:
    """Allow snapshots, after a deployment that succeeded."""
    DEPLOYED.parent.mkdir(parents=True, exist_ok=True)
    DEPLOYED.touch()
    _DEPLOYED_BEFORE.unlink(missing_ok=True)


def newest() -> ReadableSnapshot | None:
    """Return the newest snapshot whose files are all as they were written; move newer, damaged ones aside."""
    _adopt_old_layout()
    for folder in snapshots.listed(DATA):
        try:
            return ReadableSnapshot(folder, snapshots.check(folder))
        except UnreadableSnapshotError as error:
            move_aside(folder, str(error))
    return None


def has_snapshots() -> bool:
    """Return whether there are snapshots."""
    return bool(snapshots.listed(DATA))


def restore(snapshot: ReadableSnapshot, port: int) -> None:
    """Copy a snapshot into the run's folder, for an engine on this port."""
    state = RUN / "state"
    state.mkdir(parents=True, exist_ok=True)
    snapshots.link_tree(snapshot.folder / "s3", RUN / "s3")
    if (snapshot.folder / "state" / BLOBS).is_dir():
        snapshots.link_tree(snapshot.folder / "state" / BLOBS, state / BLOBS)
    for file in (snapshot.folder / "state").glob("*.json"):
        saved = json.loads(file.read_bytes())
        if file.name == "lambda.json":
            _rewind_streams(saved)
        if port != snapshot.manifest.port and file.name not in _FREE_TEXT:
            saved = replace_port(saved, snapshot.manifest.port, port)
        (state / file.name).write_bytes(json.dumps(saved).encode())
    for file in snapshot.folder.glob(DEPLOYMENT_STATES):
        shutil.copy2(file, RUN / file.name)


def replace_port(saved: Any, old: int, new: int) -> Any:
    """Return the state with another port in the engine's own URLs: those of queues, and functions' variables.

    Messages in queues are not changed, because their digests would not match.
    """
    own = re.compile(rf"(//(?:127\.0\.0\.1|localhost)):{old}(?!\d)")

    def changed(value: Any) -> Any:
        if isinstance(value, str):
            return own.sub(rf"\g<1>:{new}", value)
        if isinstance(value, list):
            return [changed(item) for item in value]
        if isinstance(value, dict):
            return {changed(key): item if key == "messages" else changed(item) for key, item in value.items()}
        return value

    return changed(saved)


def refusal_reason() -> str | None:
    """Return why the engine that was just started refused the restored state; None when it did not refuse it."""
    try:
        return _REFUSAL.read_text()
    except FileNotFoundError:
        return None


def move_aside(folder: Path, reason: str) -> None:
    """Move a snapshot that cannot be used to a free path, and print that."""
    target = snapshots.free_path(DATA, "unreadable")
    folder.rename(target)
    progress.say(f"the data saved in {folder.name} cannot be used ({reason}); it was moved to {target}")


def move_unsaved_objects() -> None:
    """Move the objects that a run wrote after its last snapshot to a free path in DATA, and print that.

    Called for a run that ended without a stop. `up` would otherwise delete these objects with the run's folder.
    """
    objects = RUN / "s3"
    if not objects.is_dir() or not (DEPLOYED.exists() or _DEPLOYED_BEFORE.exists()):
        return
    last = next(iter(snapshots.listed(DATA)), None)
    unsaved = [file for file in snapshots.files(objects) if _is_unsaved(file, last)]
    sentence = describe_last_save()
    if unsaved:
        lost = snapshots.free_path(DATA, "lost")
        for file in unsaved:
            target = lost / file.relative_to(objects)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(file, target)
        sentence += f"; {len(unsaved)} objects written after that were moved to {lost}"
    origin = _origin()
    what = f"this folder was copied or moved from {origin} while Umbel ran:" if origin else "Umbel ended without saving"
    progress.say(f"{what} its data, {sentence}")


def _origin() -> str | None:
    """Return the HOME in the run's record if it differs from ours: then the folder was copied or moved."""
    try:
        home = json.loads((RUN / "engine.json").read_bytes()).get("home")
    except (OSError, ValueError, AttributeError):
        return None
    return str(home) if home and Path(home) != RUN.parent else None


def _is_unsaved(file: Path, last: Path | None) -> bool:
    """Return whether a file is an object that the last snapshot does not have."""
    path = file.relative_to(RUN)
    # Not objects: files with metadata. Not needed: the CDK's own bucket, which the next deployment fills again.
    if file.name.endswith((".meta.json", ".tmp")) or any(part.startswith("cdk-") for part in path.parts):
        return False
    return last is None or not snapshots.same(file, last / path)


def describe_last_save() -> str:
    """Return when the newest snapshot was taken, as the end of a sentence about "its data"."""
    for folder in snapshots.listed(DATA):
        with contextlib.suppress(UnreadableSnapshotError):
            return f"which was last saved at {local_time(snapshots.read(folder))}"
    return "which was never saved before"


def local_time(manifest: SnapshotManifest) -> str:
    """Return the time at which a snapshot was taken, in local time."""
    return datetime.fromisoformat(manifest.taken_at).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _rewind_streams(functions: dict[str, Any]) -> None:
    """Set the positions of the stream mappings back to the start.

    The engine saves the positions, but not the streams. With the old position it would skip as many new changes as
    there had been old ones.
    """
    functions["payload"]["dynamodb_stream_positions"]["data"] = {}


def _adopt_old_layout() -> None:
    """Turn data that an earlier version saved into a snapshot; move it aside when it is incomplete."""
    old = [DATA / name for name in _OLD_LAYOUT if (DATA / name).exists()]
    if not old:
        return
    queues = DATA / "state" / "sqs.json"
    found = re.search(rf"{re.escape(_URL_PREFIX)}(\d+)/", queues.read_text()) if queues.exists() else None
    if found is None or not (DATA / "state" / "cloudformation.json").exists():
        target = snapshots.free_path(DATA, "unreadable")
        target.mkdir()
        for path in old:
            path.rename(target / path.name)
        progress.say(f"an earlier version saved objects here without the tables; they were moved to {target}")
        return
    unfinished = snapshots.begin(DATA)
    for path in old:
        if path.is_dir():
            (unfinished / path.name).rmdir()
        path.rename(unfinished / path.name)
    others = [*snapshots.files(unfinished / "state"), *unfinished.glob(DEPLOYMENT_STATE)]
    manifest = SnapshotManifest(
        format=FORMAT,
        engine="earlier",
        port=int(found[1]),
        taken_at=datetime.fromtimestamp((unfinished / "state" / "sqs.json").stat().st_mtime).astimezone().isoformat(),
        fingerprint=None,
        objects=sum(1 for _ in snapshots.files(unfinished / "s3")),
        files={str(file.relative_to(unfinished)): snapshots.digest(file.read_bytes()) for file in others},
    )
    snapshots.finish(unfinished, manifest)

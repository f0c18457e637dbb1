"""Bring a run's folder to the state of the newest good snapshot, and move aside what cannot be used."""

import contextlib
import json
import re
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from umbel import snapshots, steps
from umbel.home import DATA, RUN
from umbel.snapshots import BLOBS, FORMAT, MEMORY, Manifest, Unreadable

DEPLOYED = RUN / "deployed"
"""A mark: the last deployment ended well, and what the engine holds is worth saving."""
_ONCE_DEPLOYED = RUN / "deployed-before"
_REPORT = RUN / "unreadable.txt"
_ADDRESSES = "http://127.0.0.1:"
_OLD_LAYOUT = ("state", "s3", MEMORY)
_FREE_TEXT = frozenset({"dynamodb.json", "cloudwatch_logs.json"})
"""Hold what people sent, and no address of the engine's own."""


class Restored(msgspec.Struct, frozen=True):
    """A snapshot that an engine is started from."""

    folder: Path
    manifest: Manifest

    @property
    def when(self) -> str:
        """When it was taken, in local time."""
        return local_time(self.manifest)


def forbid_saving() -> None:
    """Let no snapshot be taken until the deployment that begins has ended well."""
    with contextlib.suppress(FileNotFoundError):
        DEPLOYED.replace(_ONCE_DEPLOYED)


def allow_saving() -> None:
    """Let snapshots be taken: a deployment has ended well."""
    DEPLOYED.parent.mkdir(parents=True, exist_ok=True)
    DEPLOYED.touch()
    _ONCE_DEPLOYED.unlink(missing_ok=True)


def newest() -> Restored | None:
    """Return the newest snapshot whose files are all as they were written; those that are not are moved aside."""
    _adopt_old_layout()
    for folder in snapshots.listed(DATA):
        try:
            return Restored(folder, snapshots.check(folder))
        except Unreadable as error:
            move_aside(folder, str(error))
    return None


def has_data() -> bool:
    """True when there are snapshots."""
    return bool(snapshots.listed(DATA))


def restore(found: Restored, port: int) -> None:
    """Lay a snapshot out in the run's folder, for an engine on this port."""
    state = RUN / "state"
    state.mkdir(parents=True, exist_ok=True)
    snapshots.link_tree(found.folder / "s3", RUN / "s3")
    if (found.folder / "state" / BLOBS).is_dir():
        snapshots.link_tree(found.folder / "state" / BLOBS, state / BLOBS)
    for file in (found.folder / "state").glob("*.json"):
        saved = json.loads(file.read_bytes())
        if file.name == "lambda.json":
            _rewind_streams(saved)
        if port != found.manifest.port and file.name not in _FREE_TEXT:
            saved = on_port(saved, found.manifest.port, port)
        (state / file.name).write_bytes(json.dumps(saved).encode())
    if (found.folder / MEMORY).exists():
        shutil.copy2(found.folder / MEMORY, RUN / MEMORY)


def on_port(saved: Any, old: int, new: int) -> Any:
    """Return the state with the engine's own address changed to another port: queue URLs, functions' environments.

    Messages in queues stay as they were sent; their digests are of that text.
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


def refused() -> str | None:
    """Say why the engine that was just started did not accept the restored state, if that is why it ended."""
    try:
        return _REPORT.read_text()
    except FileNotFoundError:
        return None


def move_aside(folder: Path, why: str) -> None:
    """Move a snapshot that cannot be used out of the way, and say so."""
    target = snapshots.aside(DATA, "unreadable")
    folder.rename(target)
    steps.say(f"the data kept in {folder.name} cannot be used ({why}); it was moved to {target}")


def rescue() -> None:
    """Move the objects that a run wrote after its last snapshot out of its folder when it ended without a stop."""
    objects = RUN / "s3"
    if not objects.is_dir() or not (DEPLOYED.exists() or _ONCE_DEPLOYED.exists()):
        return
    last = next(iter(snapshots.listed(DATA)), None)
    late = [file for file in snapshots.files(objects) if _is_late(file, last)]
    said = last_saved()
    if late:
        lost = snapshots.aside(DATA, "lost")
        for file in late:
            target = lost / file.relative_to(objects)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(file, target)
        said += f"; {len(late)} objects written after that were moved to {lost}"
    origin = _origin()
    what = f"this folder was copied or moved from {origin} while Umbel ran:" if origin else "Umbel ended without saving"
    steps.say(f"{what} its data, {said}")


def _origin() -> str | None:
    """Return the home that the run's record names, when it is another one than ours."""
    try:
        home = json.loads((RUN / "engine.json").read_bytes()).get("home")
    except (OSError, ValueError, AttributeError):
        return None
    return str(home) if home and Path(home) != RUN.parent else None


def _is_late(file: Path, last: Path | None) -> bool:
    path = file.relative_to(RUN)
    # Beside an object lies what is known of it; the CDK's own bucket holds what a deployment makes again.
    if file.name.endswith((".meta.json", ".tmp")) or any(part.startswith("cdk-") for part in path.parts):
        return False
    return last is None or not snapshots.same(file, last / path)


def last_saved() -> str:
    """Say of when the newest snapshot is, to stand after "its data"."""
    for folder in snapshots.listed(DATA):
        with contextlib.suppress(Unreadable):
            return f"which is kept as of {local_time(snapshots.read(folder))}"
    return "which was never saved before"


def local_time(manifest: Manifest) -> str:
    """Return when a snapshot was taken, for people."""
    return datetime.fromisoformat(manifest.taken_at).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _rewind_streams(functions: dict[str, Any]) -> None:
    """Let mappings of streams start anew: the engine keeps how far they had read, but not what there was to read, and
    would wait for as many changes as there had been before it passes on the next one.
    """
    functions["payload"]["dynamodb_stream_positions"]["data"] = {}


def _adopt_old_layout() -> None:
    """Make a snapshot of data that an earlier version kept, or move it aside when its state was never saved."""
    old = [DATA / name for name in _OLD_LAYOUT if (DATA / name).exists()]
    if not old:
        return
    queues = DATA / "state" / "sqs.json"
    found = re.search(rf"{re.escape(_ADDRESSES)}(\d+)/", queues.read_text()) if queues.exists() else None
    if found is None or not (DATA / "state" / "cloudformation.json").exists():
        target = snapshots.aside(DATA, "unreadable")
        target.mkdir()
        for path in old:
            path.rename(target / path.name)
        steps.say(f"an earlier version kept objects here, but not what belongs to them; they were moved to {target}")
        return
    unfinished = snapshots.begin(DATA)
    for path in old:
        if path.is_dir():
            (unfinished / path.name).rmdir()
        path.rename(unfinished / path.name)
    others = [*snapshots.files(unfinished / "state"), *unfinished.glob(MEMORY)]
    manifest = Manifest(
        format=FORMAT,
        engine="earlier",
        port=int(found[1]),
        taken_at=datetime.fromtimestamp((unfinished / "state" / "sqs.json").stat().st_mtime).astimezone().isoformat(),
        fingerprint=None,
        objects=sum(1 for _ in snapshots.files(unfinished / "s3")),
        files={str(file.relative_to(unfinished)): snapshots.digest(file.read_bytes()) for file in others},
    )
    snapshots.finish(unfinished, manifest)

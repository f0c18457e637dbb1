"""Tests of snapshots: complete or absent, checked, restored also on another port; and of what is moved aside."""

import errno
import json
from pathlib import Path
from typing import Any

import pytest

from umbel import restore, snapshots
from umbel.snapshots import FORMAT, SnapshotManifest, UnreadableSnapshotError

PORT = 4590
URL = f"http://127.0.0.1:{PORT}/000000000000/intake"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that the code under test uses as HOME."""
    run = tmp_path / "run"
    monkeypatch.setattr(restore, "DATA", tmp_path / "data")
    monkeypatch.setattr(restore, "RUN", run)
    monkeypatch.setattr(restore, "DEPLOYED", run / "deployed")
    monkeypatch.setattr(restore, "_DEPLOYED_BEFORE", run / "deployed-before")
    (run / "s3" / "bucket").mkdir(parents=True)
    return tmp_path


def _save(home: Path, *, text: str = "hello", state: dict[str, Any] | None = None) -> Path:
    """Write a snapshot as the engine's process does it."""
    unfinished = snapshots.begin(home / "data")
    found = state or {"sqs": {"queues": {URL: {"url": URL, "messages": [{"body": URL}]}}}}
    for name, payload in found.items():
        snapshots.write(unfinished / "state" / f"{name}.json", json.dumps({"payload": payload}).encode())
    (home / "run" / "s3" / "bucket" / "key").write_text(text)
    snapshots.link_tree(home / "run" / "s3", unfinished / "s3")
    manifest = SnapshotManifest(
        format=FORMAT,
        engine="1",
        port=PORT,
        taken_at="2026-11-27T04:00:00+00:00",
        fingerprint=None,
        objects=sum(1 for _ in snapshots.files(unfinished / "s3")),
        files={f"state/{name}.json": _digest(unfinished / "state" / f"{name}.json") for name in found},
    )
    return snapshots.finish(unfinished, manifest)


def _digest(path: Path) -> str:
    return snapshots.digest(path.read_bytes())


def test_a_snapshot_is_restored_as_it_was_saved(home: Path) -> None:
    saved = _save(home)
    (home / "run" / "s3" / "bucket" / "key").unlink()
    found = restore.newest()
    assert found
    assert found.folder == saved
    restore.restore(found, PORT)
    assert (home / "run" / "s3" / "bucket" / "key").read_text() == "hello"
    assert URL in json.loads((home / "run" / "state" / "sqs.json").read_bytes())["payload"]["queues"]


def test_the_newest_two_snapshots_are_kept_and_numbers_go_up(home: Path) -> None:
    for _ in range(4):
        _save(home)
    assert [path.name for path in snapshots.listed(home / "data")] == ["snapshot-000004", "snapshot-000003"]


@pytest.mark.parametrize("content", ["{", "{}", ""])
def test_a_snapshot_with_a_changed_file_is_moved_aside_and_the_one_before_is_used(
    home: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = _save(home), _save(home)
    (bad / "state" / "sqs.json").write_text(content)
    found = restore.newest()
    assert found
    assert found.folder == good
    assert (home / "data" / "unreadable-1" / "manifest.json").exists()
    assert "cannot be used (state/sqs.json is not what was written)" in capsys.readouterr().err


@pytest.mark.parametrize(
    "damage", [{"files": None}, {"taken_at": "x"}, {"port": "4612"}, {"port": None}, {"objects": None}]
)
def test_a_snapshot_with_a_damaged_manifest_is_moved_aside(home: Path, damage: dict[str, object]) -> None:
    saved = _save(home)
    manifest = json.loads((saved / "manifest.json").read_bytes())
    (saved / "manifest.json").write_text(json.dumps({**manifest, **damage}))
    assert restore.newest() is None
    assert (home / "data" / "unreadable-1" / "manifest.json").exists()


def test_a_missing_object_is_noticed(home: Path) -> None:
    saved = _save(home)
    (saved / "s3" / "bucket" / "key").unlink()
    with pytest.raises(UnreadableSnapshotError, match="0 of 1"):
        snapshots.check(saved)


@pytest.mark.parametrize("manifest", ["", "[]", "null", '{"format": 99}', '{"format": 1}'])
def test_a_snapshot_of_another_format_is_moved_aside_once(home: Path, manifest: str) -> None:
    saved = _save(home)
    (saved / "manifest.json").write_text(manifest)
    assert restore.newest() is None
    assert not snapshots.listed(home / "data")
    assert restore.newest() is None


def test_on_a_full_disk_the_last_good_snapshot_is_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = _save(home)
    written = snapshots.write

    def fills(path: Path, content: bytes) -> None:
        if path.name == "manifest.json":
            raise OSError(errno.ENOSPC, "No space left on device")
        written(path, content)

    monkeypatch.setattr(snapshots, "write", fills)
    with pytest.raises(OSError, match="No space"):
        _save(home)
    found = restore.newest()
    assert found
    assert found.folder == good


def test_an_unfinished_snapshot_is_never_read(home: Path) -> None:
    snapshots.begin(home / "data")
    assert restore.newest() is None


def test_on_another_port_the_engines_own_urls_change_and_messages_do_not(home: Path) -> None:
    other = "http://127.0.0.1:45901/x"
    lambdas = {"dynamodb_stream_positions": {"data": {"m": 7}}, "functions": {"Env": {"Q": URL, "O": other}}}
    _save(home, state={"sqs": {"queues": {URL: {"messages": [{"body": URL}]}}}, "lambda": lambdas, "dynamodb": [URL]})
    (home / "run" / "s3" / "bucket" / "key").unlink()
    found = restore.newest()
    assert found
    restore.restore(found, 4595)
    moved = URL.replace(str(PORT), "4595")
    state = {path.stem: json.loads(path.read_bytes())["payload"] for path in (home / "run" / "state").glob("*.json")}
    assert state["sqs"]["queues"] == {moved: {"messages": [{"body": URL}]}}
    assert state["lambda"]["functions"]["Env"] == {"Q": moved, "O": other}
    assert state["lambda"]["dynamodb_stream_positions"]["data"] == {}
    assert state["dynamodb"] == [URL]


def test_objects_written_after_the_last_snapshot_are_moved_aside_and_reported(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    restore.allow_saving()
    _save(home)
    late = home / "run" / "s3" / "bucket" / "late"
    late.write_text("late")
    late.with_name("late.meta.json").write_text("{}")
    restore.move_unsaved_objects()
    assert (home / "data" / "lost-1" / "bucket" / "late").read_text() == "late"
    assert sum(1 for _ in snapshots.files(home / "data" / "lost-1")) == 1
    assert "1 objects written after that were moved to" in capsys.readouterr().err


def test_after_a_failed_start_no_objects_are_moved_aside(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "run" / "s3" / "bucket" / "asset").write_text("asset")
    restore.move_unsaved_objects()
    assert not capsys.readouterr().err
    assert not (home / "data").exists()


def test_saving_is_forbidden_from_the_start_of_a_deployment_until_it_succeeds(home: Path) -> None:
    restore.allow_saving()
    restore.forbid_saving()
    assert not restore.DEPLOYED.exists()
    restore.forbid_saving()
    restore.allow_saving()
    assert restore.DEPLOYED.exists()


def test_data_in_the_old_layout_is_restored_once(home: Path) -> None:
    _old(home, "sqs", "cloudformation")
    found = restore.newest()
    assert found
    assert found.manifest.port == PORT
    assert (found.folder / "s3" / "000000000000" / "bucket" / "key").read_text() == "old"
    assert {path.name for path in (home / "data").iterdir()} == {"snapshot-000001"}


def test_data_in_the_old_layout_without_its_state_is_moved_aside(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _old(home)
    assert restore.newest() is None
    assert (home / "data" / "unreadable-1" / "s3" / "000000000000" / "bucket" / "key").exists()
    assert "moved to" in capsys.readouterr().err


def _old(home: Path, *services: str) -> None:
    """Write the files of an earlier version: it saved objects at once, and the services' state at SIGTERM."""
    bucket = home / "data" / "s3" / "000000000000" / "bucket"
    bucket.mkdir(parents=True)
    (bucket / "key").write_text("old")
    for name in services:
        path = home / "data" / "state" / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"payload": {"queues": {URL: {}}}}))

"""Whose a process is: told by its working folder and its environment."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import psutil
import pytest

from umbel import engine, identity
from umbel.errors import UmbelError

Place = Callable[[Path], Path]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Place:
    """Let a folder be the `.umbel` of the checkout that the code runs from."""

    def move_to(home: Path) -> Path:
        scratch = home / "run" / "tmp"
        monkeypatch.setattr(engine, "HOME", home)
        for module in (identity, engine):
            monkeypatch.setattr(module, "SCRATCH", scratch)
        monkeypatch.setattr(engine, "RUN", home / "run")
        monkeypatch.setattr(engine, "_RECORD", home / "run" / "engine.json")
        return scratch

    return move_to


@pytest.fixture
def spawn() -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """Start processes that wait, with the folder and environment of an engine's; end them afterwards."""
    started = []

    def begin(scratch: Path, *, cwd: Path | None = None, run: str | None = "one", port: int = 4599) -> object:
        scratch.mkdir(parents=True, exist_ok=True)
        names = {"TMPDIR": str(scratch), "GATEWAY_PORT": str(port), identity.REACHED_AS: "devbox,0.0.0.0"}
        names |= {identity.RUN_ID: run} if run else {}
        listens = "import socket; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); print(flush=True)"
        code = f"import sys; {listens if port != 4599 else ''}\nsys.stdin.read()"
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(port)],
            cwd=cwd or scratch,
            env=names,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        started.append(process)
        if port != 4599:
            assert process.stdout
            process.stdout.readline()
        return process

    yield begin  # type: ignore[misc]
    for process in started:
        process.kill()
        process.communicate()


def _record(pid: int, home: Path) -> None:
    record = engine.Engine(port=4599, pid=pid, run="one", persist=False, home=str(home))
    (home / "run" / "engine.json").write_bytes(msgspec.json.encode(record))


def test_an_engine_is_known_whatever_the_clock_says(
    at: Place, spawn: Callable[..., subprocess.Popen[bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = spawn(at(tmp_path / "a"))
    _record(process.pid, tmp_path / "a")
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: 1.0)
    found = engine.running()
    assert found
    assert (found.pid, found.port, found.run, found.moved) == (process.pid, 4599, "one", False)
    assert found.hosts == ("devbox", "0.0.0.0")


def test_an_engine_without_a_record_is_found(
    at: Place, spawn: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    process = spawn(at(tmp_path / "a"))
    found = engine.running()
    assert found
    assert found.pid == process.pid


@pytest.mark.parametrize("deleted", ["a/run", "a"])
def test_an_engine_whose_folder_was_deleted_is_found_and_stopped(
    at: Place, spawn: Callable[..., subprocess.Popen[bytes]], tmp_path: Path, deleted: str
) -> None:
    process = spawn(at(tmp_path / "a"))
    shutil.rmtree(tmp_path / deleted)
    assert engine.running()
    engine.stop()
    assert process.wait(5) is not None
    assert engine.running() is None


def test_a_copys_record_is_not_the_copys_engine(
    at: Place, spawn: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    process = spawn(tmp_path / "a" / "run" / "tmp")
    _record(process.pid, tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    at(tmp_path / "b")
    assert engine.running() is None
    engine.stop()
    assert process.poll() is None
    assert (tmp_path / "a" / "run").exists()


def test_an_engine_is_found_after_its_folder_was_moved_and_is_nobody_elses(
    at: Place, spawn: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    process = spawn(tmp_path / "a" / "run" / "tmp")
    (tmp_path / "a").rename(tmp_path / "b")
    (tmp_path / "a" / "run" / "tmp").mkdir(parents=True)
    at(tmp_path / "a")
    assert engine.running() is None
    engine.sweep()
    at(tmp_path / "b")
    found = engine.running()
    assert found
    assert found.moved
    engine.stop()
    assert process.wait(5) is not None


def test_functions_are_swept_with_their_run_and_are_not_taken_for_an_engine(
    at: Place, spawn: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    scratch = at(tmp_path / "a")
    (scratch / "code").mkdir(parents=True)
    inside = spawn(scratch, cwd=scratch / "code", run=None)
    outside = spawn(scratch, cwd=tmp_path, run=None)
    other = spawn(tmp_path / "b" / "run" / "tmp", run=None)
    assert engine.running() is None
    engine.sweep()
    assert inside.wait(5) is not None
    assert outside.wait(5) is not None
    assert other.poll() is None


def test_a_recycled_process_number_is_not_an_engine(at: Place, tmp_path: Path) -> None:
    at(tmp_path / "a").mkdir(parents=True)
    _record(os.getpid(), tmp_path / "a")
    assert engine.running() is None


def test_a_second_engine_is_never_started_beside_a_living_one(
    at: Place, spawn: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    process = spawn(at(tmp_path / "a"))
    with pytest.raises(UmbelError, match="already runs on port 4599"):
        engine.start(4598, persist=False)
    assert process.poll() is None


def test_another_checkouts_engine_on_the_port_is_named_by_its_folder(
    at: Place, spawn: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    at(tmp_path / "a")
    with socket.create_server((engine.HOST, 0)) as free:
        port = free.getsockname()[1]
    process = spawn(tmp_path / "b" / ".umbel" / "run" / "tmp", port=port)
    with pytest.raises(
        UmbelError, match=rf"port {port} is taken by the Umbel of {tmp_path}/b \(process {process.pid}\)"
    ):
        engine.refuse_taken(port)

"""Tests of which run a process belongs to, by its working folder and its environment."""

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

from umbel import engine, engine_process
from umbel.errors import UmbelError

UseHome = Callable[[Path], Path]


@pytest.fixture
def use_home(monkeypatch: pytest.MonkeyPatch) -> UseHome:
    """Return a function that makes a folder the HOME of the code under test, and returns its scratch folder."""

    def use(home: Path) -> Path:
        scratch = home / "run" / "tmp"
        monkeypatch.setattr(engine, "HOME", home)
        for module in (engine_process, engine):
            monkeypatch.setattr(module, "SCRATCH", scratch)
        monkeypatch.setattr(engine, "RUN", home / "run")
        monkeypatch.setattr(engine, "_RECORD", home / "run" / "engine.json")
        return scratch

    return use


@pytest.fixture
def spawn() -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """Return a function that starts a waiting process with an engine's folder and variables; kill it afterwards."""
    started = []

    def begin(scratch: Path, *, cwd: Path | None = None, run: str | None = "one", port: int = 4599) -> object:
        scratch.mkdir(parents=True, exist_ok=True)
        variables = {"TMPDIR": str(scratch), "GATEWAY_PORT": str(port), engine_process.REACHED_AS: "devbox,0.0.0.0"}
        variables |= {engine_process.RUN_ID: run} if run else {}
        listens = "import socket; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); print(flush=True)"
        code = f"import sys; {listens if port != 4599 else ''}\nsys.stdin.read()"
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(port)],
            cwd=cwd or scratch,
            env=variables,
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


def test_an_engine_is_found_whatever_the_clock_says(
    use_home: UseHome, spawn: Callable[..., subprocess.Popen[bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = spawn(use_home(tmp_path / "a"))
    _record(process.pid, tmp_path / "a")
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: 1.0)
    found = engine.running()
    assert found
    assert (found.pid, found.port, found.run, found.moved) == (process.pid, 4599, "one", False)
    assert found.hosts == ("devbox", "0.0.0.0")


def test_an_engine_without_a_record_is_found(
    use_home: UseHome, spawn: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    process = spawn(use_home(tmp_path / "a"))
    found = engine.running()
    assert found
    assert found.pid == process.pid


@pytest.mark.parametrize("deleted", ["a/run", "a"])
def test_an_engine_whose_folder_was_deleted_is_found_and_stopped(
    use_home: UseHome, spawn: Callable[..., subprocess.Popen[bytes]], tmp_path: Path, deleted: str
) -> None:
    process = spawn(use_home(tmp_path / "a"))
    shutil.rmtree(tmp_path / deleted)
    assert engine.running()
    engine.stop()
    assert process.wait(5) is not None
    assert engine.running() is None


def test_a_copied_record_does_not_make_the_engine_belong_to_the_copy(
    use_home: UseHome, spawn: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    process = spawn(tmp_path / "a" / "run" / "tmp")
    _record(process.pid, tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    use_home(tmp_path / "b")
    assert engine.running() is None
    engine.stop()
    assert process.poll() is None
    assert (tmp_path / "a" / "run").exists()


def test_an_engine_is_found_in_its_moved_folder_and_not_at_the_old_path(
    use_home: UseHome, spawn: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    process = spawn(tmp_path / "a" / "run" / "tmp")
    (tmp_path / "a").rename(tmp_path / "b")
    (tmp_path / "a" / "run" / "tmp").mkdir(parents=True)
    use_home(tmp_path / "a")
    assert engine.running() is None
    engine.clean_up()
    use_home(tmp_path / "b")
    found = engine.running()
    assert found
    assert found.moved
    engine.stop()
    assert process.wait(5) is not None


def test_functions_are_killed_with_their_run_and_are_not_taken_for_an_engine(
    use_home: UseHome, spawn: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    scratch = use_home(tmp_path / "a")
    (scratch / "code").mkdir(parents=True)
    inside = spawn(scratch, cwd=scratch / "code", run=None)
    outside = spawn(scratch, cwd=tmp_path, run=None)
    other = spawn(tmp_path / "b" / "run" / "tmp", run=None)
    assert engine.running() is None
    engine.clean_up()
    assert inside.wait(5) is not None
    assert outside.wait(5) is not None
    assert other.poll() is None


def test_a_process_that_reuses_the_pid_is_not_taken_for_the_engine(use_home: UseHome, tmp_path: Path) -> None:
    use_home(tmp_path / "a").mkdir(parents=True)
    _record(os.getpid(), tmp_path / "a")
    assert engine.running() is None


def test_a_second_engine_is_not_started_while_one_runs(
    use_home: UseHome, spawn: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    process = spawn(use_home(tmp_path / "a"))
    with pytest.raises(UmbelError, match="already runs on port 4599"):
        engine.start(4598, persist=False)
    assert process.poll() is None


def test_another_checkouts_engine_on_the_port_is_described_by_its_folder(
    use_home: UseHome, spawn: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    use_home(tmp_path / "a")
    with socket.create_server((engine.HOST, 0)) as free:
        port = free.getsockname()[1]
    process = spawn(tmp_path / "b" / ".umbel" / "run" / "tmp", port=port)
    with pytest.raises(
        UmbelError, match=rf"port {port} is taken by the Umbel of {tmp_path}/b \(process {process.pid}\)"
    ):
        engine.require_free_port(port)

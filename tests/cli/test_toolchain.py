"""Tests of set-up: which programs it uses, when it makes a part again, and that its files can be moved."""

import ast
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from umbel import bootstrap, removal, stamps, toolchain, tools, uv_program, venv
from umbel.errors import UmbelError
from umbel.paths import ROOT
from umbel.stamps import Part


def _program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


SHIM = "echo 'pyenv: command not found' >&2; exit 127"


def test_an_old_python_can_parse_the_bootstrap() -> None:
    ast.parse((ROOT / "umbel" / "bootstrap.py").read_text(), feature_version=(3, 6))
    ast.parse((ROOT / "umbel" / "__init__.py").read_text(), feature_version=(3, 6))


@pytest.mark.parametrize("script", [SHIM, "exit 1", "exec /nonexistent/python"])
def test_a_python_that_does_not_run_is_not_used(script: str, tmp_path: Path) -> None:
    assert not bootstrap.runs(str(_program(tmp_path / "python3.12", script)))
    assert bootstrap.runs(sys.executable)


def test_pythons_are_searched_in_path_and_in_the_folders_of_pyenv_and_uv(tmp_path: Path) -> None:
    shim = _program(tmp_path / "shims" / "python3.12", SHIM)
    second = _program(tmp_path / "bin" / "python3.12", "exit 0")
    pyenv = _program(tmp_path / ".pyenv" / "versions" / "3.12.1" / "bin" / "python3.12", "exit 0")
    uvs = _program(tmp_path / ".local" / "share" / "uv" / "python" / "cpython-3.12" / "bin" / "python3.12", "exit 0")
    path = os.pathsep.join([str(shim.parent), str(second.parent)])
    found = bootstrap.candidates({"PATH": path, "HOME": str(tmp_path)})
    in_test_folder = [Path(path) for path in found if path.startswith(str(tmp_path))]
    assert in_test_folder == [shim, second, pyenv, uvs]


@pytest.mark.parametrize(
    "script", [SHIM, "echo uv 0.1.0", "echo nonsense", "exit 0"], ids=["shim", "old", "nonsense", "silent"]
)
def test_a_uv_that_does_not_run_or_is_too_old_is_skipped(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "TOOLS", tmp_path / "tools")
    first = _program(tmp_path / "a" / "uv", script)
    second = _program(tmp_path / "b" / "uv", "echo uv 99.0.0")
    monkeypatch.setenv("PATH", str(first.parent))
    assert toolchain.uv() is None
    monkeypatch.setenv("PATH", os.pathsep.join([str(first.parent), str(second.parent)]))
    assert toolchain.uv() == str(second)


def test_the_uv_in_the_environment_that_is_created_again_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "TOOLS", tmp_path / "tools")
    monkeypatch.setenv("PATH", str(toolchain.VENV / "bin"))
    assert toolchain.uv() is None


@pytest.mark.parametrize("script", [SHIM, "exec /nonexistent/node"])
def test_the_error_for_a_program_that_does_not_run_says_what_to_do(script: str, tmp_path: Path) -> None:
    with pytest.raises(UmbelError, match=r"Node was installed, but does not run \(.+\): delete it") as caught:
        tools.check_runs("Node", [_program(tmp_path / "node", script), "--version"], "delete it")
    assert caught.value.detail


class _Made:
    """A part that counts how often it was made and checked."""

    def __init__(self, folder: Path) -> None:
        self.source = folder / "source"
        self.source.write_text("1")
        self.product = folder / "product"
        self.made = self.checked = 0
        self.runs = True

    def part(self) -> Part:
        return Part("thing", [self.source], self._traces, self._check, self._make)

    def _traces(self) -> object:
        return self.product.read_text() if self.product.exists() else None

    def _check(self) -> None:
        self.checked += 1
        if not self.runs:
            raise UmbelError("it does not run")

    def _make(self, _: str) -> None:
        self.made += 1
        self.product.write_text("whole")


@pytest.fixture
def thing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _Made:
    monkeypatch.setattr(stamps, "STAMPS", tmp_path / "stamps")
    made = _Made(tmp_path)
    stamps.ensure(made.part())
    assert (made.made, made.checked) == (1, 1)
    return made


def test_an_unchanged_part_is_neither_made_nor_checked(thing: _Made) -> None:
    stamps.ensure(thing.part())
    assert (thing.made, thing.checked) == (1, 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda thing: thing.source.write_text("2"),
        lambda thing: thing.product.unlink(),
        lambda thing: thing.product.write_text("half"),
        lambda _: (stamps.STAMPS / "thing").unlink(),
        lambda _: (stamps.STAMPS / "thing").write_text("of another version"),
    ],
    ids=["source", "deleted", "half", "no stamp", "old stamp"],
)
def test_a_changed_part_is_made_again(thing: _Made, change: Callable[[_Made], object]) -> None:
    change(thing)
    stamps.ensure(thing.part())
    assert (thing.made, thing.checked) == (2, 2)
    stamps.ensure(thing.part())
    assert thing.made == 2


def test_a_folder_in_path_that_cannot_be_searched_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> bool:
        raise PermissionError(13, "Permission denied", "uv")

    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(Path, "is_file", refused)
    assert toolchain.uv() is None


def test_a_part_that_does_not_run_after_it_was_made_again_is_deleted_and_made(thing: _Made, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()

    def check() -> None:
        if folder.exists():
            raise UmbelError("it does not run")

    thing.product.unlink()
    whole = thing.part()
    stamps.ensure(Part(whole.title, whole.sources, whole.traces, check, whole.make, folder))
    assert thing.made == 3
    assert not folder.exists()


@pytest.mark.parametrize(("runs", "made"), [(True, 1), (False, 2)])
def test_after_a_move_a_part_is_checked_once_and_made_again_only_if_it_does_not_run(
    thing: _Made, runs: bool, made: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stamps, "ROOT", Path("/elsewhere"))
    thing.runs = runs
    if runs:
        stamps.ensure(thing.part())
    else:
        with pytest.raises(UmbelError):
            stamps.ensure(thing.part())
    assert thing.made == made
    thing.runs = True
    stamps.ensure(thing.part())
    assert thing.checked == (2 if runs else 4)


def test_a_part_that_does_not_run_after_it_was_made_is_made_again_next_time(thing: _Made) -> None:
    thing.product.unlink()
    thing.runs = False
    with pytest.raises(UmbelError):
        stamps.ensure(thing.part())
    thing.runs = True
    stamps.ensure(thing.part())
    assert thing.made == 3


def test_no_file_that_set_up_made_has_the_checkouts_path() -> None:
    texts = [
        venv.packages(toolchain.VENV) / "umbel.pth",
        *((toolchain.VENV / "bin" / name) for name in ("umbel", "cdk")),
    ]
    texts.append(toolchain.VENV / "bin" / "pytest")
    assert [text for text in texts if str(ROOT) in text.read_text()] == []
    links = [toolchain.NODE / name for name in ("node", "npm", "npx")]
    assert [link for link in links if link.readlink().is_absolute() or not link.exists()] == []


def test_the_lock_file_has_a_version_and_hashes_of_uv() -> None:
    version, hashes = venv.locked_version("uv", ROOT / "uv.lock")
    assert uv_program._version(version) > (0, 9)
    assert hashes
    assert all(each.startswith("sha256:") for each in hashes)


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=["INT", "TERM", "HUP"],
)
def test_a_signal_ends_set_up_with_one_line_and_no_process_is_left(
    number: signal.Signals, status: int, tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    program = (
        "import signal, sys; from pathlib import Path; from umbel import progress, toolchain\n"
        # The process that runs the tests may ignore the signal, as under nohup, and may have this checkout's lock.
        f"signal.signal({int(number)}, signal.SIG_DFL); toolchain.TOOLS = Path('{tmp_path}')\n"
        f"work = ['sh', '-c', 'sleep 60 & echo $! > {ready}; wait']\n"
        f"toolchain.setup = lambda: progress.run('work', work, log=Path('{tmp_path}/log'))\n"
        "sys.argv[1:] = ['setup']; toolchain.main()"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        child = int(ready.read_text())
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == status
    assert errors.splitlines()[1:] == [f"umbel: stopped by {number.name}"]
    state = Path(f"/proc/{child}/stat")
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize("folder", ["data", "tools"])
def test_clean_refuses_to_delete_saved_data(folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "DATA", tmp_path / "elsewhere" / "data")
    monkeypatch.setattr(removal, "TOOLS", tmp_path / ".umbel")
    data = {"data": tmp_path / "elsewhere" / "data", "tools": tmp_path / ".umbel" / "data"}[folder]
    (data / "snapshot-000001").mkdir(parents=True)
    with pytest.raises(UmbelError, match=f"{data} has the data of PERSIST=1"):
        removal.clean_up([])


def test_clean_refuses_while_an_engine_of_the_checkout_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = tmp_path / "engine" / "bin" / "python"
    engine.parent.mkdir(parents=True)
    shutil.copy2("/bin/sleep", engine)
    for name, folder in (("ENGINE", "engine"), ("TOOLS", "."), ("DATA", "data"), ("RUN", "run"), ("ROOT", "root")):
        monkeypatch.setattr(removal, name, tmp_path / folder)
    monkeypatch.setattr(removal, "_may_run", lambda: False)
    with subprocess.Popen([str(engine), "60"]) as running:
        with pytest.raises(UmbelError, match=f"run .processes {running.pid}.: make down first"):
            removal.clean_up([])
        running.kill()
    removal.clean_up([])

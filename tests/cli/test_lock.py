"""Tests of the lock around set-up, up and down: a second process waits and names the first."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipeline.waiting import wait_for
from umbel import lock
from umbel.paths import ROOT

_HOLD = """
import sys
from pathlib import Path
from umbel import lock
with lock.held(sys.argv[2], Path(sys.argv[1])):
    print("has it", flush=True)
    sys.stdin.read()
"""


def _holder(folder: Path, purpose: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _HOLD, str(folder), purpose]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=ROOT, text=True, **pipes)  # type: ignore[call-overload,no-any-return]


def _said(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline()


def test_the_second_process_waits_and_names_the_first(tmp_path: Path) -> None:
    first = _holder(tmp_path, "make up")
    assert _said(first) == "has it\n"
    second = _holder(tmp_path, "make down")
    _wait_until_blocked(second)
    assert second.poll() is None
    first.communicate()
    assert _said(second) == "has it\n"
    _, output = second.communicate()
    assert f"waiting for make up (process {first.pid})" in output


@pytest.mark.parametrize("kill", [True, False], ids=["killed", "ended"])
def test_the_lock_is_free_after_its_process_ended(tmp_path: Path, kill: bool) -> None:
    first = _holder(tmp_path, "make up")
    assert _said(first) == "has it\n"
    if kill:
        first.kill()
    first.communicate()
    with lock.held("make down", tmp_path):
        assert str(os.getpid()) in (tmp_path / "lock").read_text()


def test_the_lock_is_reentrant(tmp_path: Path) -> None:
    with lock.held("make up", tmp_path), lock.held("make setup", tmp_path):
        assert (tmp_path / "lock").read_text().startswith("make up")


def test_two_folders_have_separate_locks(tmp_path: Path) -> None:
    first = _holder(tmp_path / "one", "make up")
    assert _said(first) == "has it\n"
    with lock.held("make up", tmp_path / "two"), lock.held("make setup", tmp_path / "three"):
        assert (tmp_path / "three" / "lock").read_text().startswith("make setup")
    first.communicate()


def test_a_process_that_waited_while_the_folder_was_deleted_locks_the_new_file(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    first = _holder(folder, "make clean")
    assert _said(first) == "has it\n"
    second = _holder(folder, "make up")
    _wait_until_blocked(second)
    shutil.rmtree(folder)
    first.communicate()
    assert _said(second) == "has it\n"
    assert (folder / "lock").read_text().startswith("make up")
    second.communicate()


def _wait_until_blocked(process: subprocess.Popen[str]) -> None:
    """Wait until the kernel says that the process waits for a lock."""
    path = Path(f"/proc/{process.pid}/wchan")
    if path.exists() and os.access(path, os.R_OK):
        wait_for(lambda: "lock" in path.read_text(), "the process to wait for the lock")

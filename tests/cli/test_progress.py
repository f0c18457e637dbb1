"""Tests of commands that run as steps: their output is logged, and no process is left when they end."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from umbel import lock, processes, progress
from umbel.errors import UmbelError
from umbel.paths import ROOT


def _python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_the_error_of_a_failed_command_has_the_end_of_its_output_and_names_its_log(tmp_path: Path) -> None:
    log = tmp_path / "step.log"
    with pytest.raises(UmbelError, match=r"'build' failed \(exit status 3\)") as caught:
        progress.run("build", _python("print('the reason'); raise SystemExit(3)"), log=log)
    assert str(log) in str(caught.value)
    assert caught.value.detail == "the reason"
    assert log.read_text() == "the reason\n"


_STUBBORN = """
import os, signal, subprocess, sys, time
from pathlib import Path

signal.signal(signal.SIGTERM, signal.SIG_IGN)
Path(sys.argv[1], str(os.getpid())).touch()
if len(sys.argv) > 2:
    subprocess.Popen([sys.executable, *sys.orig_argv[1:3], sys.argv[1], *sys.argv[3:]], start_new_session=True)
time.sleep(60)
"""
"""A program that ignores SIGTERM and starts a child in a session of its own that ignores it too."""


def _alive(pids: list[str]) -> set[int]:
    return {int(pid) for pid in pids} & {process.pid for process in processes._all_processes()}


def test_a_silent_command_is_stopped_with_all_processes_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_GRACE", 0.2)
    pids = tmp_path / "pids"
    pids.mkdir()
    command = [sys.executable, "-c", _STUBBORN, str(pids), "again"]
    with pytest.raises(UmbelError, match="was stopped: no output and no work for 1 s"):
        progress.run("wait", command, log=tmp_path / "step.log", patience=1)
    started = [path.name for path in pids.iterdir()]
    assert len(started) == 2
    assert not _alive(started)


def test_a_command_that_ends_leaves_no_process_behind(tmp_path: Path) -> None:
    child = "import os, time; print(os.getpid(), flush=True); os.close(1); os.close(2); time.sleep(60)"
    program = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}]).stdout"
    log = tmp_path / "step.log"
    progress.run("start", _python(program), log=log)
    assert not _alive(log.read_text().split())


def test_a_silent_command_that_computes_is_not_stopped(tmp_path: Path) -> None:
    busy = "import time; end = time.process_time() + 3\nwhile time.process_time() < end: pass\nprint('computed')"
    log = tmp_path / "step.log"
    progress.run("compute", _python(busy), log=log, patience=2)
    assert log.read_text() == "computed\n"


@pytest.mark.parametrize("columns", [1, 20, 57, 80])
def test_the_animated_line_fits_the_terminal(columns: int) -> None:
    here = progress.Step("python packages: environment")
    here.note("Downloading something with quite a long name")
    shown = progress._ESCAPES.sub("", here.line(1, columns))
    assert len(shown) < max(columns, 2)


def test_a_step_prints_one_line_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.step("work") as here:
        here.note("half of it")
    line = capsys.readouterr().err
    assert line.startswith("✓ work ")
    assert line.endswith(" s\n")
    assert line.count("\n") == 1


def test_commands_of_a_killed_process_are_killed_by_the_next_process_with_the_lock(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    program = (
        "from pathlib import Path; from umbel import progress\n"
        f"progress.run('work', ['sh', '-c', 'echo $$ > {ready}; sleep 60; :'], log=Path('{tmp_path}/log'))"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.DEVNULL) as starter:
        child = psutil.Process(int(ready.read_text()))
        with lock.held("make up", tmp_path):
            assert child.is_running(), "its starter lives"
        starter.kill()
    with lock.held("make up", tmp_path):
        psutil.wait_procs([child], timeout=10)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE

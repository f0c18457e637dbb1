"""Commands run as steps: what they say is kept, and they end when they should."""

import sys
from pathlib import Path

import pytest

from umbel import steps
from umbel.faults import Fault


def _python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_a_failing_command_shows_the_end_of_its_output_and_names_its_log(tmp_path: Path) -> None:
    log = tmp_path / "step.log"
    with pytest.raises(Fault, match=r"'build' failed \(exit status 3\)") as caught:
        steps.run("build", _python("print('the reason'); raise SystemExit(3)"), log=log)
    assert str(log) in str(caught.value)
    assert caught.value.detail == "the reason"
    assert log.read_text() == "the reason\n"


def test_a_silent_command_is_stopped_with_all_that_it_started(tmp_path: Path) -> None:
    child = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    with pytest.raises(Fault, match="said nothing for 0 s"):
        steps.run("wait", _python(child), log=tmp_path / "step.log", patience=0.5)


def test_a_step_ends_in_one_line_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with steps.step("work") as here:
        here.note("half of it")
    line = capsys.readouterr().err
    assert line.startswith("✓ work ")
    assert line.endswith(" s\n")
    assert line.count("\n") == 1

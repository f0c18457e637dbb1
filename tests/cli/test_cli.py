"""Tests of the command line as a whole: help, errors, imports."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from umbel import cli, environment
from umbel.paths import ROOT, version
from umbel.toolchain import VENV
from umbel.transport import Transport


def _umbel(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    env = environment.clean() | {"AWS_EC2_METADATA_DISABLED": "true"}
    command = [str(VENV / "bin" / "umbel"), *arguments]
    return subprocess.run(command, env=env | settings, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.mark.parametrize("name", [name for section in cli.COMMANDS.values() for name in section])
def test_every_command_has_help_and_json(name: str) -> None:
    shown = CliRunner().invoke(cli.umbel, [name, "--help"])
    assert shown.exit_code == 0
    assert "--json" in shown.output or name == "token"


def test_every_command_of_the_token_group_has_json() -> None:
    for name in ("create", "list", "revoke"):
        assert "--json" in CliRunner().invoke(cli.umbel, ["token", name, "--help"]).output


def test_help_lists_every_command() -> None:
    shown = CliRunner().invoke(cli.umbel, ["--help"]).output
    assert not [name for section in cli.COMMANDS.values() for name in section if f"  {name} " not in shown]


def test_help_imports_nothing_heavy() -> None:
    program = "import sys, umbel.cli as c; c.umbel(['--help'], standalone_mode=False); print(*sys.modules)"
    loaded = subprocess.run([VENV / "bin" / "python", "-c", program], capture_output=True, text=True, check=True).stdout
    assert not {"boto3", "rich", "urllib3", "msgspec", "psutil"} & set(loaded.split())


def test_without_a_deployment_a_command_fails_with_one_line(tmp_path: Path) -> None:
    answer = _umbel("jobs", UMBEL_HOME=str(tmp_path), HOME=str(tmp_path))
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr == "umbel: Umbel is not running here: make up (or --aws for the one on AWS)\n"


def test_down_succeeds_when_nothing_runs(tmp_path: Path) -> None:
    answer = _umbel("down", UMBEL_HOME=str(tmp_path))
    assert (answer.returncode, answer.stdout) == (0, "Umbel is not running here\n")


def test_up_names_an_endpoint_that_does_not_answer_before_it_starts_anything(tmp_path: Path) -> None:
    answer = _umbel("up", UMBEL_HOME=str(tmp_path), AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert answer.returncode == 1
    assert "http://127.0.0.1:9, where no local engine answers" in answer.stderr.splitlines()[-1]


def test_an_unknown_command_fails_with_a_usage_error() -> None:
    answer = _umbel("frob")
    assert answer.returncode == 2
    assert "No such command 'frob'" in answer.stderr


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (PermissionError(13, "Permission denied", "/proc/variants"), "umbel: /proc/variants: Permission denied\n"),
        (OSError(28, "No space left on device"), "umbel: No space left on device\n"),
    ],
)
def test_an_os_error_is_printed_as_one_line(
    error: OSError, sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(**_: object) -> None:
        raise error

    monkeypatch.setattr(cli, "umbel", refused)
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 1
    assert capsys.readouterr().err == sentence


def test_a_file_that_is_not_a_list_of_urls_is_named(tmp_path: Path) -> None:
    file = tmp_path / "cat.jpg"
    file.write_bytes(b"\xff\xd8")
    answer = _umbel("crawl", "--file", str(file))
    assert answer.returncode == 1
    assert answer.stderr.startswith(f"umbel: {file}: not a list of URLs: ")
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize("given", [None, "umb_of_another_deployment"])
def test_a_refused_token_error_says_how_to_replace_the_token(
    given: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UMBEL_TOKEN", raising=False)
    if given:
        monkeypatch.setenv("UMBEL_TOKEN", given)
    body = b'{"error": {"code": "unauthorized", "message": "Send a header."}}'
    sentence = str(Transport("http://127.0.0.1:4571/_aws/execute-api/a/v1", given)._refusal(401, body))
    assert "UMBEL_TOKEN" in sentence
    assert ("http://127.0.0.1:4571: unset it" in sentence) is (given is not None)


def test_ctrl_c_during_the_imports_prints_one_line(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt")
    command = [sys.executable, "-m", "umbel", "jobs"]
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    answer = subprocess.run(command, env=env, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (answer.returncode, answer.stderr) == (130, "umbel: interrupted\n")


@pytest.mark.parametrize(
    ("name", "value"), [("PYTHONPATH", "{}"), ("PYTHONHOME", "{}"), ("PYTHONOPTIMIZE", "2"), ("PYTHONSAFEPATH", "1")]
)
def test_variables_for_python_do_not_change_the_command(tmp_path: Path, name: str, value: str) -> None:
    (tmp_path / "click.py").write_text("raise SystemExit(9)")
    answer = _umbel("--version", **{name: value.format(tmp_path)})
    assert (answer.returncode, answer.stdout) == (0, f"umbel, version {version()}\n")


def test_the_command_is_found_through_a_link_and_from_anywhere(tmp_path: Path) -> None:
    (tmp_path / "linked").symlink_to(VENV / "bin")
    (tmp_path / "umbel").symlink_to("linked/umbel")
    answer = subprocess.run(["./umbel", "--version"], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (answer.returncode, answer.stdout) == (0, f"umbel, version {version()}\n")


def test_the_command_runs_with_a_closed_stdout() -> None:
    program = (
        "from umbel import cli, __main__ as program; cli.main = lambda: program.sys.stdout.isatty(); program.main()"
    )
    command = f"exec {VENV / 'bin' / 'python'} -c '{program}' >&-"
    answer = subprocess.run(["bash", "-c", command], stderr=subprocess.PIPE, text=True, check=False, cwd=ROOT)
    assert (answer.returncode, answer.stderr) == (0, "")

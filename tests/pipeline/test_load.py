"""Tests of `umbel load`: every result is checked, counted and logged, and Ctrl-C ends it with status 0."""

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.deployment import Deployed
from tests.pipeline.waiting import wait_for
from umbel.paths import ROOT
from umbel.toolchain import VENV

pytestmark = pytest.mark.engine

TYPES = ("reverse", "sum", "hash", "upper", "wait", "thumbnail")


def _command(*arguments: str | Path) -> list[str | Path]:
    return [VENV / "bin" / "umbel", "load", *arguments]


def _entries(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def test_all_results_of_rounds_without_a_pause_are_right(deployed: Deployed, tmp_path: Path) -> None:
    log = tmp_path / "load.jsonl"
    command = _command(*TYPES, "--every", "0", "--for", "3", "--json", "--log", log)
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True, timeout=90)
    report = json.loads(ended.stdout)
    assert set(report["types"]) == set(TYPES)
    assert report["sent"] == report["right"] == sum(each["sent"] for each in report["types"].values()) >= len(TYPES)
    assert (report["wrong"], report["failed"], report["lost"], report["waiting"]) == (0, 0, 0, 0)
    entries = _entries(log)
    assert len({entry["id"] for entry in entries}) == len(entries) == report["sent"]
    assert {entry["verdict"] for entry in entries} == {"right"}
    assert all(entry["result"] == entry["expected"] for entry in entries if entry["type"] != "thumbnail")


def test_ctrl_c_waits_for_the_last_results_and_exits_with_0(deployed: Deployed, tmp_path: Path) -> None:
    log = tmp_path / "load.jsonl"
    command = _command("reverse", "wait", "--every", "600", "--log", log)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as running:
        wait_for(lambda: _entries(log), "the first result")
        os.kill(running.pid, signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    assert out.splitlines()[-1].startswith("round 1  sent 2  right 2  wrong 0  failed 0  lost 0  waiting 0  ")
    assert "✓ 2 of 2 answers right" in err


def test_an_unknown_op_is_named(deployed: Deployed) -> None:
    ended = subprocess.run(_command("nope"), capture_output=True, text=True, cwd=ROOT, check=False, timeout=30)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("umbel: there is no op 'nope' here; the ops are ")


def test_with_a_viewers_token_it_ends_with_one_line(deployed: Deployed) -> None:
    environment = {**os.environ, "UMBEL_TOKEN": deployed.token("viewer")}
    ended = subprocess.run(
        _command("reverse"), capture_output=True, text=True, cwd=ROOT, check=False, timeout=60, env=environment
    )
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("umbel: This token may read;")

"""`make test-endpoint` against this project's own engine, of which it knows the endpoint and nothing else."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.deployment import free_port
from umbel import environment
from umbel.paths import ROOT

pytestmark = pytest.mark.engine

_ENGINE = "from umbel import engine; "
_CHECKS = 15


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the checkout with these variables."""
    return subprocess.run(
        [sys.executable, *arguments],
        env={**environment.clean(), "PYTHONPATH": str(ROOT), **variables},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[str]:
    """Start an engine that has no stack, for another UMBEL_HOME than that of the checks; return its URL."""
    port = free_port()
    started = run("-c", f"{_ENGINE}engine.start({port}, persist=False)", UMBEL_HOME=str(tmp_path))
    assert started.returncode == 0, started.stderr
    yield f"http://localhost:{port}"
    run("-c", f"{_ENGINE}engine.stop()", UMBEL_HOME=str(tmp_path))


def test_everything_works_on_an_engine_of_which_only_the_endpoint_is_known(endpoint: str) -> None:
    done = run("-m", "tests.endpoint", UMBEL_TEST_ENDPOINT=endpoint)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-2000:]}"
    assert [line[0] for line in done.stdout.splitlines()] == ["✓"] * _CHECKS, done.stdout


def test_an_endpoint_at_which_nothing_answers_is_said_and_nothing_else_is_tried() -> None:
    done = run("-m", "tests.endpoint", UMBEL_TEST_ENDPOINT=f"http://localhost:{free_port()}")
    assert done.returncode == 1
    first, *others = done.stdout.splitlines()
    assert first.startswith("✗ the engine answers")
    assert [line[0] for line in others] == ["-"] * (_CHECKS - 1)

"""Tests that `pip install` of a checkout gives the client, with neither the CDK nor an image library."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.client.fake_api import FakeApi
from umbel import environment
from umbel.paths import ROOT
from umbel.toolchain import VENV

UV = VENV / "bin" / "uv"
_PROGRAM = """
import sys
from umbel import ApiError, Client, Job, Task, TaskError
with Client(endpoint=sys.argv[1], token="umb_test") as client:
    print(*client.map("upper", ["a", "b"]))
print(*sys.modules)
"""
_TYPED = """
from umbel import Client
number: int = Client().ops()[0].concurrency
text: str = Client().job("j1").counts.total  # type: ignore[assignment]
"""


def _run(*command: str | Path, folder: Path = ROOT) -> str:
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environment.clean(), cwd=folder)
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"[-2000:]
    return ended.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _run(UV, "build", "--wheel", "--quiet", "--out-dir", folder, ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into a new environment; return its Python, and the packages that the wheel requires."""
    folder = tmp_path_factory.mktemp("installed")
    _run(UV, "venv", "--quiet", "--python", VENV / "bin" / "python", folder)
    program = folder / "bin" / "python"
    _run(UV, "pip", "install", "--quiet", "--python", program, wheel)
    return program


def test_the_installed_client_works(python: Path, fake: FakeApi) -> None:
    results, modules = _run(python, "-I", "-c", _PROGRAM, fake.url).splitlines()
    assert results == "A B"
    assert not {"aws_cdk", "PIL", "boto3", "chalice", "rich"} & set(modules.split())


def test_neither_the_cdk_nor_an_image_library_is_installed(python: Path) -> None:
    installed = {each["name"] for each in json.loads(_run(UV, "pip", "list", "--format", "json", "--python", python))}
    assert "umbel" in installed
    assert not {"aws-cdk-lib", "pillow", "chalice"} & installed


def test_type_checkers_see_the_types_of_the_installed_client(python: Path, tmp_path: Path) -> None:
    # With --strict an ignored error that is none is an error: so both lines prove that the types are seen.
    (tmp_path / "program.py").write_text(_TYPED)
    command = (VENV / "bin" / "mypy", "--strict", "--python-executable", python, "--cache-dir", tmp_path / "cache")
    _run(*command, "program.py", folder=tmp_path)


def test_the_wheel_has_no_file_of_the_deployment(wheel: Path, python: Path) -> None:
    names = _run(python, "-m", "zipfile", "-l", wheel).splitlines()[1:]
    tops = {name.split("/")[0].split("-")[0] for name in names}
    assert tops == {"umbel", "umbel_core"}

"""Install the Python packages of the project, and the local engine. Standard library only."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from umbel import venv
from umbel.paths import ROOT
from umbel.stamps import Part
from umbel.tools import ENGINE, LOCK, VENV, check_runs, run_logged
from umbel.uv_program import installed_uv


def local_engine() -> Part:
    """Return the local engine as a part of set-up."""
    return Part("local engine", [LOCK], lambda: venv.traces(ENGINE), _engine_runs, _engine, ENGINE)


def python_packages() -> Part:
    """Return the packages in `.venv` as a part of set-up."""
    sources = [ROOT / "pyproject.toml", LOCK, Path(venv.__file__)]
    return Part("python packages", sources, _packages_there, _packages_run, _packages, VENV)


def _packages_there() -> object:
    wrappers = [(VENV / "bin" / name).is_file() for name in ("umbel", "cdk")]
    found = venv.traces(VENV)
    return None if found is None else [*found, wrappers]


def _packages_run() -> None:
    imports = "import boto3, click, msgspec, psutil, rich, umbel_core.op, umbel_fetching, umbel.cli"
    check_runs("the packages in .venv", [VENV / "bin" / "python", "-I", "-c", imports], "make clean, then make setup")


def _packages(title: str) -> None:
    _environment(title, VENV, ["dev"], project=True)
    venv.add_project(VENV)


def _engine_runs() -> None:
    check_runs(
        "the local engine",
        [ENGINE / "bin" / "python", "-I", "-c", "import ministack.app"],
        f"delete {ENGINE}, then make setup",
    )


def _engine(title: str) -> None:
    _environment(title, ENGINE, ["engine"], project=False)


def _environment(title: str, folder: Path, groups: Sequence[str], *, project: bool) -> None:
    uv = installed_uv()
    with tempfile.TemporaryDirectory() as scratch:
        requirements = Path(scratch) / "requirements.txt"
        venv.export_requirements(uv, groups, requirements, run_logged, f"{title}: locked requirements", project=project)
        venv.sync_environment(uv, folder, venv.base_python(), requirements, run_logged, title, compiled=not project)

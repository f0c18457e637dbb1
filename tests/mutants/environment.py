"""The environment with mutmut, beside `.venv`: set-up does not install it, and functions cannot import it."""

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from umbel import progress, toolchain, venv
from umbel.errors import UmbelError
from umbel.paths import LOGS, ROOT, TOOLS
from umbel.stamps import Part, ensure

FOLDER = TOOLS / "mutants"
_GROUPS = ("dev", "mutants")


def program() -> Path:
    """Return the path of mutmut, installed first if it is missing."""
    ensure(Part("mutants", [ROOT / "uv.lock"], lambda: venv.traces(FOLDER), _check, _install, FOLDER))
    return FOLDER / "bin" / "mutmut"


def _install(title: str) -> None:
    uv = toolchain.uv()
    assert uv, "`make setup` installs uv"
    with tempfile.TemporaryDirectory() as scratch:
        requirements = Path(scratch) / "requirements.txt"
        venv.export_requirements(uv, _GROUPS, requirements, _run, f"{title}: locked requirements", project=True)
        venv.sync_environment(uv, FOLDER, venv.base_python(), requirements, _run, title, compiled=False)


def _run(title: str, command: Sequence[str | Path]) -> None:
    progress.run(title, command, log=LOGS / "setup-mutants.log", env=toolchain.environment(), cwd=ROOT)


def _check() -> None:
    # Not `mutmut --version`: mutmut looks for sources in the working folder first.
    command = [str(FOLDER / "bin" / "python"), "-I", "-c", "import mutmut"]
    if subprocess.run(command, check=False).returncode:
        raise UmbelError(f"mutmut was installed, but does not run: delete {FOLDER}, then make mutants")

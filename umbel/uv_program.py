"""Find uv, or install it into an environment of its own. Standard library only."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path

from umbel import progress, venv
from umbel.errors import UmbelError
from umbel.paths import LOGS, ROOT, TOOLS
from umbel.tools import LOCK, VENV, Command, environment, output_of, uv_bin


def uv() -> str | None:
    """Return the path of a uv that runs and is new enough: from PATH, else from the checkout; None when there is none.

    The one in `.venv` is never used, because it is deleted while `.venv` is created again.
    """
    for folder in (*os.environ.get("PATH", os.defpath).split(os.pathsep), str(uv_bin())):
        program = Path(folder or ".") / "uv"
        if program.parent != VENV / "bin" and os.access(program, os.X_OK) and program.is_file():
            failed, output = output_of([program, "--version"])
            if not failed and _version(output) >= _version(venv.locked_version("uv", LOCK)[0]):
                return str(program)
    return None


def installed_uv() -> str:
    """Return the path of uv; install it into a separate environment when there is none."""
    found = uv()
    if found is None:
        _install_uv()
        found = uv()
    if found is None:
        raise UmbelError(f"uv is installed in {uv_bin()}, but does not run: make clean, then make setup")
    return found


def _install_uv() -> None:
    python = venv.base_python()
    log = LOGS / "setup-uv.log"
    try:
        command: Command = [python, "-E", "-m", "venv", "--clear", TOOLS / "uv"]
        progress.run("uv: environment", command, log=log, env=environment(), cwd=ROOT)
    except UmbelError as error:
        package = f"python3.{sys.version_info[1]}-venv"
        sentence = f"{python} cannot create virtual environments (Debian, Ubuntu: sudo apt-get install {package})"
        raise UmbelError(sentence, error.detail) from error
    version, hashes = venv.locked_version("uv", LOCK)
    with tempfile.TemporaryDirectory() as scratch:
        requirements = Path(scratch) / "requirements.txt"
        requirements.write_text(" ".join([f"uv=={version}", *(f"--hash={value}" for value in hashes)]) + "\n")
        pip: Command = [uv_bin() / "python", "-I", "-m", "pip", "install", "--disable-pip-version-check"]
        hashed: Command = ["--require-hashes", "--only-binary", ":all:", "-r", requirements]
        progress.run("uv", [*pip, *hashed], log=log, env=environment(), cwd=ROOT)


def _version(text: str) -> tuple[int, ...]:
    found = re.search(r"\d+(\.\d+)+", text)
    return tuple(int(part) for part in found.group().split(".")) if found else ()

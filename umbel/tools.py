"""Where the project's tools are in the checkout, and how they are run. Standard library only."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from umbel import progress
from umbel.environment import clean
from umbel.errors import UmbelError
from umbel.paths import LOGS, ROOT, TOOLS

VENV = ROOT / ".venv"
ENGINE = TOOLS / "engine"
"""The local engine's environment. It has only the engine, because functions can import all packages in it."""
NODE = TOOLS / "node"
"""The folder of `node`, `npm` and `npx` themselves, not the Python wrappers in `.venv/bin`."""
MODULES = ROOT / "node_modules"
LOCK = ROOT / "uv.lock"

Command = Sequence["str | Path"]

_VERSION_TIMEOUT = 60.0
"""Seconds after which a program that should print its version is stopped."""


def uv_bin() -> Path:
    """Return the folder of the uv that set-up installs when the machine has none."""
    return TOOLS / "uv" / "bin"


def environment(passed: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the clean environment, or the given one, with the project's own tools first in PATH."""
    passed = clean() if passed is None else passed
    own = [NODE, VENV / "bin", MODULES / ".bin", *([uv_bin()] if uv_bin().exists() else [])]
    return {**passed, "PATH": os.pathsep.join([*map(str, own), passed.get("PATH", os.defpath)])}


def run_logged(title: str, command: Command) -> None:
    """Run a command of set-up as one step, with a log file of its own."""
    log = LOGS / f"setup-{re.sub(r'[^a-z]+', '-', title)}.log"
    progress.run(title, command, log=log, env=environment(), cwd=ROOT)


def check_runs(what: str, command: Command, advice: str) -> None:
    """Run a program that was just installed; raise an error with its output when it fails."""
    failed, output = output_of(command)
    if failed:
        raise UmbelError(f"{what} was installed, but does not run ({failed}): {advice}", output)


def output_of(command: Command) -> tuple[str, str]:
    """Run a program; return the reason of its failure (empty on success) and its output."""
    try:
        done = subprocess.run(  # noqa: S603 - our own programs, and uv
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            env=environment(),
            timeout=_VERSION_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no output within {_VERSION_TIMEOUT:.0f} s", ""
    except OSError as error:
        return error.strerror or str(error), ""
    return (f"exit status {done.returncode}" if done.returncode else ""), done.stdout.strip()

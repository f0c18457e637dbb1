"""Stop what runs in the checkout, and delete what set-up and runs have created. Standard library only."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

from umbel import lock, processes, venv
from umbel.errors import UmbelError
from umbel.paths import DATA, ROOT, RUN, TOOLS
from umbel.python_tools import python_packages
from umbel.stamps import ensure
from umbel.tools import ENGINE, VENV, Command, environment

_GENERATED = (".venv", ".umbel", ".build", "cdk.out", "node_modules", "frontend/node_modules", "frontend/dist")
"""All that set-up, builds and runs create in the checkout."""


def down(arguments: Sequence[str]) -> None:
    """Replace this process with `umbel down`; install deleted packages first when an engine may still run."""
    if _may_run():
        ensure(python_packages())
    elif venv.interpreter(VENV) is None:
        sys.stdout.write("Umbel is not running here\n")
        return
    python = str(VENV / "bin" / "python")
    os.execve(python, [python, "-I", "-m", "umbel", "down", *arguments], environment())  # noqa: S606 - no shell needed


def clean_up(arguments: Sequence[str]) -> None:
    """Stop the engine, then delete all that set-up and runs have created; delete kept data only with `--data`."""
    delete_data = "--data" in arguments
    _raise_if_data_kept(delete_data)
    if _may_run():
        ensure(python_packages())
        command: Command = [VENV / "bin" / "python", "-I", "-m", "umbel", "down"]
        stopped = subprocess.run([str(part) for part in command], env=environment(), check=False)  # noqa: S603 - our own
        if stopped.returncode:
            sys.exit(stopped.returncode)
    with lock.held("make clean", TOOLS):
        # The engine may have saved its data just now, and the last holder of the lock may have started another engine.
        _raise_if_data_kept(delete_data)
        if others := processes.running_from(ENGINE):
            listed = ", ".join(map(str, others))
            raise UmbelError(
                f"engines of this checkout run (processes {listed}): make down first, with the UMBEL_HOME of each"
            )
        for name in _GENERATED:
            shutil.rmtree(ROOT / name, ignore_errors=True)


def _may_run() -> bool:
    """Return whether an engine of this checkout may run; a check that works without the installed packages."""
    return RUN.exists() or bool(processes.running_from(ENGINE))


def _raise_if_data_kept(delete_data: bool) -> None:
    for kept in dict.fromkeys((DATA, TOOLS / DATA.name)):
        if not delete_data and kept.exists() and any(kept.iterdir()):
            raise UmbelError(f"{kept} has the data of PERSIST=1: move it away, or delete it too with make clean DATA=1")

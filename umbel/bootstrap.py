"""Start `umbel.toolchain` with a Python that can run it; `make` calls this with any `python3`.

Every Python from 3.6 on must be able to parse this file, so that an old Python can print what is missing.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Mapping  # noqa: UP035 - an old Python cannot subscript collections.abc.Mapping

OLDEST = (3, 11)
_MINORS = (14, 13, 12, 11, *range(15, 21))
"""Tested versions come first: the locked packages may have no wheels for a newer Python yet."""
_PROBE = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"
_START_TIMEOUT = 20.0


def main() -> None:
    """Run `umbel.toolchain` in this process, or with the first newer Python that starts."""
    if sys.version_info >= OLDEST:
        from umbel import toolchain  # noqa: PLC0415 - an old Python cannot parse it

        toolchain.main()
        return
    for python in candidates(os.environ):
        if runs(python):
            os.execv(python, [python, "-E", "-m", "umbel.toolchain", *sys.argv[1:]])  # noqa: S606 - no shell needed
    version = ".".join(str(number) for number in sys.version_info[:3])
    sys.exit(
        f"umbel: Python 3.11 or newer is needed; {sys.executable} is {version}, and no newer Python that starts was "
        "found. Install one (Debian, Ubuntu: sudo apt-get install python3 python3-venv), or name one: "
        "make PYTHON=python3.12"
    )


def candidates(variables: Mapping[str, str]) -> "list[str]":
    """Return the paths of newer Pythons in order of preference: those in PATH, pyenv's, uv's."""
    home = Path(variables.get("HOME") or "/")
    pyenv = Path(variables.get("PYENV_ROOT") or home / ".pyenv") / "versions"
    managed = [folder for root in (pyenv, home / ".local/share/uv/python") for folder in sorted(root.glob("*/bin"))]
    folders = [*variables.get("PATH", os.defpath).split(os.pathsep), "/usr/local/bin", "/opt/homebrew/bin", "/usr/bin"]
    paths = [Path(folder or ".") / f"python3.{minor}" for minor in _MINORS for folder in [*folders, *map(str, managed)]]
    return list(dict.fromkeys(str(path) for path in paths if os.access(str(path), os.X_OK)))


def runs(python: str) -> bool:
    """Return whether a Python starts, is new enough and can make virtual environments.

    The shim of a version manager may exist although it starts nothing.
    """
    command = [python, "-E", "-c", _PROBE]
    quiet = subprocess.DEVNULL
    try:
        return subprocess.call(command, stdout=quiet, stderr=quiet, timeout=_START_TIMEOUT) == 0  # noqa: S603 - a Python
    except (OSError, subprocess.TimeoutExpired):
        return False


if __name__ == "__main__":
    main()

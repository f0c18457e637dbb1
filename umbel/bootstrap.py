"""Start the set-up with a Python that can run it; `make` calls this with whatever `python3` there is.

Every Python from 3.6 on must be able to read this file, so that an old one can say what is missing.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Mapping  # noqa: UP035 - an old Python cannot subscript the other one

OLDEST = (3, 11)
_MINORS = (14, 13, 12, 11, *range(15, 21))
"""The tested versions first: the newest Python may lack wheels."""
_PROBE = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"
_STARTS_WITHIN = 20.0


def main() -> None:
    """Run `umbel.toolchain`, here or with the first newer Python that starts."""
    if sys.version_info >= OLDEST:
        from umbel import toolchain  # noqa: PLC0415 - an old Python cannot read it

        toolchain.main()
        return
    for python in candidates(os.environ):
        if runs(python):
            os.execv(python, [python, "-E", "-m", "umbel.toolchain", *sys.argv[1:]])  # noqa: S606 - starts over with it
    have = ".".join(str(number) for number in sys.version_info[:3])
    sys.exit(
        f"umbel: Python 3.11 or newer is needed; {sys.executable} is {have}, and no newer one that starts was found. "
        "Install one (Debian, Ubuntu: sudo apt-get install python3 python3-venv), or name it: make PYTHON=python3.12"
    )


def candidates(caller: Mapping[str, str]) -> "list[str]":
    """Return where a newer Python is, in the order of preference: on the path, pyenv's, uv's."""
    home = Path(caller.get("HOME") or "/")
    pyenv = Path(caller.get("PYENV_ROOT") or home / ".pyenv") / "versions"
    kept = [place for folder in (pyenv, home / ".local/share/uv/python") for place in sorted(folder.glob("*/bin"))]
    folders = [*caller.get("PATH", os.defpath).split(os.pathsep), "/usr/local/bin", "/opt/homebrew/bin", "/usr/bin"]
    found = [Path(folder or ".") / f"python3.{minor}" for minor in _MINORS for folder in [*folders, *map(str, kept)]]
    return list(dict.fromkeys(str(path) for path in found if os.access(str(path), os.X_OK)))


def runs(python: str) -> bool:
    """Tell whether it starts, is new enough and can make environments. A version manager's shim may do neither."""
    command = [python, "-E", "-c", _PROBE]
    quiet = subprocess.DEVNULL
    try:
        return subprocess.call(command, stdout=quiet, stderr=quiet, timeout=_STARTS_WITHIN) == 0  # noqa: S603 - asks it
    except (OSError, subprocess.TimeoutExpired):
        return False


if __name__ == "__main__":
    main()

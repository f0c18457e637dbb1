"""The environments that set-up makes: locked packages from any index, and the project beside them by relative paths.

Nothing in them names the checkout, so it can be moved and copied. Standard library only.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

from umbel.home import ROOT

Run = Callable[[str, Sequence["str | Path"]], None]
"""Runs a command as a step of this title."""

_REACH = (".", "layers/core", "layers/fetching")
"""What of the checkout can be imported."""
_WRAPPER = """\
#!/bin/sh
# Made by `make setup`. Finds the environment that it lies in, through symbolic links too.
here=$0
while [ -h "$here" ]; do
    target=$(readlink "$here")
    case $target in /*) here=$target ;; *) here=${here%/*}/$target ;; esac
done
case $here in */*) ;; *) here=./$here ;; esac
bin=${here%/*}
[ ! -h "$bin" ] || bin=$(cd -P "$bin" && pwd)
exec "$bin/python" -I -m MODULE "$@"
"""
_COMMANDS = {"umbel": "umbel", "cdk": "umbel.toolchain cdk"}


def locked(uv: str, groups: Sequence[str], requirements: Path, run: Run, title: str, *, project: bool) -> None:
    """Write what the lock file has for these groups, with hashes; `project` adds what the project itself needs.

    Exported as it is, without asking an index: the names and hashes hold for any mirror.
    """
    only = "--group" if project else "--only-group"
    chosen = [part for group in groups for part in (only, group)]
    plain = ["--frozen", "--no-default-groups", "--no-emit-project", "--no-header", "--no-annotate", "--quiet"]
    run(title, [uv, "export", *plain, *chosen, "-o", requirements])


def make(uv: str, folder: Path, python: str, requirements: Path, run: Run, title: str, *, compiled: bool) -> None:
    """Bring the environment up to date with the requirements; make it anew when it is not one of this Python's."""
    if not usable(folder):
        run(f"{title}: environment", [uv, "venv", "--relocatable", "--clear", "--python", python, folder])
    fast = ["--compile-bytecode"] if compiled else []
    own = folder / "bin" / "python"
    run(title, [uv, "pip", "sync", "--require-hashes", *fast, "--python", own, requirements])


def usable(folder: Path) -> bool:
    """Tell whether the environment can be moved and is one of this Python's, which is there still."""
    try:
        settings = (folder / "pyvenv.cfg").read_text(encoding="utf-8")
    except OSError:
        return False
    if "relocatable = true" not in settings or interpreter(folder) is None or not packages(folder).is_dir():
        return False
    version = "import sys; sys.exit(sys.version_info[:2] != ({}, {}))".format(*sys.version_info)
    command = [str(folder / "bin" / "python"), "-I", "-S", "-c", version]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603 - our own
    except OSError:
        return False


def interpreter(folder: Path) -> list[str | int] | None:
    """Return what tells the environment's interpreter from another one at the same place; None when it is gone."""
    program = folder / "bin" / "python"
    try:
        found = program.stat()
    except OSError:
        return None
    return [os.path.realpath(program), found.st_size, found.st_mtime_ns] if found.st_mode & stat.S_IXUSR else None


def traces(folder: Path) -> list[object] | None:
    """Return the interpreter and all that lies in the environment's folder of packages; None when it is not there."""
    python = interpreter(folder)
    installed = packages(folder)
    if python is None or not installed.is_dir():
        return None
    return [python, sorted(path.name for path in installed.iterdir() if path.name != "__pycache__")]


def packages(folder: Path) -> Path:
    """Return the folder of the environment's packages."""
    return folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"


def join_project(folder: Path) -> None:
    """Put the checkout's own packages in reach of the environment, and `umbel` and `cdk` into its programs."""
    site = packages(folder)
    # A relative line counts from the folder that the file lies in.
    lines = [os.path.relpath(ROOT / part, site) for part in _REACH]
    (site / "umbel.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name, module in _COMMANDS.items():
        program = folder / "bin" / name
        # Where uv put a program of this name it may be a link to its cache.
        program.unlink(missing_ok=True)
        program.write_text(_WRAPPER.replace("MODULE", module), encoding="utf-8")
        program.chmod(0o755)


def base_python() -> str:
    """Return the interpreter that runs this, or the one behind it when this is an environment's."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def pinned(name: str, lock: Path) -> tuple[str, list[str]]:
    """Return the version of a package that the lock file has, and the hashes of its files."""
    with lock.open("rb") as text:
        entry = next(each for each in tomllib.load(text)["package"] if each["name"] == name)
    files = [*entry.get("wheels", []), *([entry["sdist"]] if "sdist" in entry else [])]
    return entry["version"], [str(said) for file in files for said in file.values() if str(said).startswith("sha256:")]

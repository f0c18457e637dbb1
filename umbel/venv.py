"""Create the virtual environments of set-up: locked packages from any index, and the project by relative paths.

No file in them has the checkout's path, so the checkout can be moved and copied. Standard library only.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

from umbel.paths import ROOT

Run = Callable[[str, Sequence["str | Path"]], None]
"""Runs a command as a step of this title."""

_IMPORTABLE = (".", "layers/core", "layers/fetching", "layers/imaging")
"""The folders of the checkout whose packages can be imported."""
_WRAPPER = """\
#!/bin/sh
# Written by `make setup`. Finds the environment that this file is in, also through symbolic links.
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


def export_requirements(
    uv: str, groups: Sequence[str], requirements: Path, run: Run, title: str, *, project: bool
) -> None:
    """Write the locked requirements of these groups, with hashes; `project` adds the project's own dependencies.

    No index is asked: the names and hashes are the same for any mirror.
    """
    only = "--group" if project else "--only-group"
    chosen = [part for group in groups for part in (only, group)]
    plain = ["--frozen", "--no-default-groups", "--no-emit-project", "--no-header", "--no-annotate", "--quiet"]
    run(title, [uv, "export", *plain, *chosen, "-o", requirements])


def sync_environment(
    uv: str, folder: Path, python: str, requirements: Path, run: Run, title: str, *, compiled: bool
) -> None:
    """Install exactly these requirements into the environment; create it again unless it is one of this Python's."""
    if not is_usable(folder):
        run(f"{title}: environment", [uv, "venv", "--relocatable", "--clear", "--python", python, folder])
    fast = ["--compile-bytecode"] if compiled else []
    own = folder / "bin" / "python"
    run(title, [uv, "pip", "sync", "--require-hashes", *fast, "--python", own, requirements])


def is_usable(folder: Path) -> bool:
    """Return whether the environment can be moved, is one of this Python's version, and its Python still exists."""
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
    """Return values that differ when the environment's interpreter was replaced; None when it is missing."""
    program = folder / "bin" / "python"
    try:
        found = program.stat()
    except OSError:
        return None
    return [os.path.realpath(program), found.st_size, found.st_mtime_ns] if found.st_mode & stat.S_IXUSR else None


def traces(folder: Path) -> list[object] | None:
    """Return the interpreter and the names in the environment's site-packages; None when one of them is missing."""
    python = interpreter(folder)
    installed = packages(folder)
    if python is None or not installed.is_dir():
        return None
    return [python, sorted(path.name for path in installed.iterdir() if path.name != "__pycache__")]


def packages(folder: Path) -> Path:
    """Return the environment's site-packages folder."""
    return folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"


def add_project(folder: Path) -> None:
    """Make the checkout's packages importable in the environment, and write its programs `umbel` and `cdk`."""
    site = packages(folder)
    # Python resolves a relative line from the folder of the .pth file.
    lines = [os.path.relpath(ROOT / part, site) for part in _IMPORTABLE]
    (site / "umbel.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name, module in _COMMANDS.items():
        program = folder / "bin" / name
        # A program that uv installed may be a link into its cache, which must not be overwritten.
        program.unlink(missing_ok=True)
        program.write_text(_WRAPPER.replace("MODULE", module), encoding="utf-8")
        program.chmod(0o755)


def base_python() -> str:
    """Return the interpreter that runs this; in a virtual environment the one that it was created from."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def locked_version(name: str, lock: Path) -> tuple[str, list[str]]:
    """Return a package's version in the lock file and the hashes of its files."""
    with lock.open("rb") as text:
        entry = next(each for each in tomllib.load(text)["package"] if each["name"] == name)
    files = [*entry.get("wheels", []), *([entry["sdist"]] if "sdist" in entry else [])]
    return entry["version"], [str(part) for file in files for part in file.values() if str(part).startswith("sha256:")]

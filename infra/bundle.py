"""Code and layers as folders to upload: wheels taken by uv for the target, compiled, cut down; no Docker."""

import hashlib
import os
import shutil
import subprocess
import sys
import time
import tomllib
from functools import cache
from pathlib import Path

from infra.target import Target

ROOT = Path(__file__).parent.parent
BUILD = ROOT / ".build"
_COMPILE = ["-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash"]
"""Hash-based byte code is the same however often it is made, and Lambda does not check it against the source."""


def layer(name: str, target: Target, facts: dict[str, bytes] | None = None) -> Path:
    """A layer's folder: its packages as the lock file has them, its own sources, and facts (files by name)."""
    source = ROOT / "layers" / name
    recipe = tomllib.loads((source / "layer.toml").read_text())
    locked = _uv(
        "export", "--locked", "--only-group", name, "--no-emit-project", "--no-hashes", "--no-header", "--no-annotate"
    )
    print_of = _digest([source, Path(__file__)], locked, repr(target), *map(repr, (facts or {}).items()))
    folder = BUILD / "layers" / f"{name}-{target.name}-{print_of}"
    if folder.exists():
        folder.touch()
        return folder
    python = _part(folder) / "python"
    python.mkdir()
    requirements = python.parent / "requirements.txt"
    requirements.write_text(_only(locked, recipe.get("only")))
    platform = ["--python-platform", target.platform] if target.platform else []
    where = ["--target", str(python), "--python-version", target.python, *platform]
    _uv("pip", "install", "--no-deps", "--only-binary", ":all:", *where, "-r", str(requirements))
    requirements.unlink()
    _cut(python, recipe.get("keep_under", {}), recipe.get("drop", []))
    for package in (child for child in source.iterdir() if child.is_dir() and child.name != "__pycache__"):
        shutil.copytree(package, python / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    _compile(python, target)
    _finish(python.parent, folder)
    return folder


def code(name: str, packages: list[Path], facts: dict[str, bytes], target: Target) -> Path:
    """A function's folder: packages by their names, single files in folders of theirs, and facts beside them."""
    print_of = _digest([*packages, Path(__file__)], repr(target), *map(repr, facts.items()))
    folder = BUILD / "functions" / f"{name}-{target.name}-{print_of}"
    if folder.exists():
        folder.touch()
        return folder
    part = _part(folder)
    for package in packages:
        if package.is_dir():
            shutil.copytree(package, part / package.name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            place = part / package.parent.name / package.name
            place.parent.mkdir(exist_ok=True)
            shutil.copyfile(package, place)
    for fact, content in facts.items():
        (part / fact).write_bytes(content)
    _compile(part, target)
    _finish(part, folder)
    return folder


def _cut(python: Path, keep_under: dict[str, list[str]], drop: list[str]) -> None:
    """Leave out what no function imports: it would be unpacked at every cold start."""
    for folder, kept in keep_under.items():
        for child in (python / folder).iterdir():
            if child.name not in kept:
                _remove(child)
    for pattern in [
        *drop,
        "bin",
        "*.dist-info/RECORD",
        "*.dist-info/INSTALLER",
        "*.dist-info/REQUESTED",
        "**/__pycache__",
    ]:
        for path in list(python.glob(pattern)):
            _remove(path)


def _only(requirements: str, wanted: list[str] | None) -> str:
    lines = (line for line in requirements.splitlines() if wanted is None or line.split("==")[0].strip() in wanted)
    return "\n".join(lines) + "\n"


def _compile(folder: Path, target: Target) -> None:
    python = _interpreter(target.python)
    if python:
        command = [python, *_COMPILE, "-s", str(folder), str(folder)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603


@cache
def _interpreter(version: str) -> str | None:
    """An interpreter of the target's version: this one, one that uv or pyenv has, or one that uv can fetch."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = _find(version) or next((str(path) for path in pyenv.glob(f"{version}*/bin/python{version}")), None)
    if found is None:
        hurry = {**os.environ, "UV_HTTP_TIMEOUT": "20", "UV_HTTP_RETRIES": "0"}
        command = [_uv_program(), "python", "install", "-q", version]
        subprocess.run(command, env=hurry, capture_output=True, check=False)  # noqa: S603
        found = _find(version)
    if found is None:
        advice = f"no Python {version} to compile with, so functions start slower: uv python install {version}"
        print(f"umbel: {advice}", file=sys.stderr)  # noqa: T201 - the CDK shows what its app prints
    return found


def _find(version: str) -> str | None:
    command = [_uv_program(), "python", "find", "--no-project", version]
    found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return found.stdout.strip() if found.returncode == 0 else None


def _uv(*arguments: str) -> str:
    done = subprocess.run([_uv_program(), *arguments], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise BundleError(f"uv {' '.join(arguments[:3])} failed:\n{done.stderr}")
    return done.stdout


def _uv_program() -> str:
    own = Path(sys.executable).parent / "uv"
    if not own.exists():
        raise BundleError("uv is not in this environment: make setup")
    return str(own)


def _digest(paths: list[Path], *texts: str) -> str:
    seen = hashlib.sha256()
    for path in paths:
        files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
        for file in files:
            if "__pycache__" not in file.parts:
                seen.update(os.fsencode(str(file.relative_to(path.parent))) + b"\0" + file.read_bytes() + b"\0")
    for text in texts:
        seen.update(text.encode() + b"\0")
    return seen.hexdigest()[:16]


def _part(folder: Path) -> Path:
    """Where this process puts the folder together; another may be at the same one."""
    part = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    return part


def _finish(part: Path, folder: Path) -> None:
    """Put the finished folder in place, and clear away what nobody has used for a day."""
    yesterday = time.time() - 86_400
    for older in folder.parent.iterdir():
        if older != part and older.stat().st_mtime < yesterday:
            shutil.rmtree(older, ignore_errors=True)
    try:
        part.rename(folder)
    except OSError:
        if not folder.exists():
            raise
        shutil.rmtree(part)  # another process was faster, and made the same


def _remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


class BundleError(Exception):
    """A layer or a function's code that could not be put together."""

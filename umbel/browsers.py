"""What the tests need beside the packages: a Chromium, a Firefox, and strace to see where connections go."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from umbel import steps
from umbel.errors import UmbelError
from umbel.home import LOGS
from umbel.toolchain import VENV, Command, environment

_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_FIREFOXES = ("firefox-esr", "firefox", "/Applications/Firefox.app/Contents/MacOS/firefox")


def chromium() -> Path | None:
    """Return a Chromium or Chrome that starts, if this machine has one."""
    if found := _first(_CHROMIUMS):
        return found
    caches = [Path.home() / ".cache" / "ms-playwright", Path.home() / "Library" / "Caches" / "ms-playwright"]
    programs = ("chrome-*/chrome", "chrome-mac*/*.app/Contents/MacOS/*")
    downloaded = [path for cache in caches for program in programs for path in cache.glob(f"chromium-*/{program}")]
    return max(downloaded, default=None)


def firefox() -> Path | None:
    """Return a Firefox that starts, if this machine has one."""
    return _first(_FIREFOXES)


def strace() -> Path | None:
    """Return an strace that starts, if this machine has one."""
    return _first(("strace",))


def install() -> None:
    """Install what is missing: Playwright's Chromium, or the distribution's packages.

    Nearly all browser tests need Chromium. Without Firefox or strace their own few fail, and say so.
    """
    playwright: Command = [VENV / "bin" / "playwright", "install", "chromium"]
    _ensure("Chromium", chromium, [playwright, *_apt("chromium")], "chromium")
    # The package is called so on Debian; Ubuntu's `firefox` needs a service that containers lack.
    for name, find, package in (("Firefox", firefox, "firefox-esr"), ("strace", strace, "strace")):
        try:
            _ensure(name, find, _apt(package), package)
        except UmbelError as error:
            sys.stderr.write(f"umbel: {error}\n")


def _first(names: Sequence[str]) -> Path | None:
    for name in names:
        found = shutil.which(name)
        if found and subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0:  # noqa: S603
            return Path(found)
    return None


def _ensure(name: str, find: Callable[[], Path | None], ways: Sequence[Command], package: str) -> None:
    env = {**environment(), "PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "10000"}
    for way in ways:
        if find():
            return
        title = f"{name.lower()} for the tests ({Path(way[0]).name})"
        with contextlib.suppress(UmbelError):
            steps.run(title, way, log=LOGS / f"{name.lower()}.log", env=env)
    if find() is None:
        raise UmbelError(f"the tests need {name}: install it (Debian: sudo apt-get install {package}), then make test")


def _apt(package: str) -> list[Command]:
    """Return how Debian's package manager installs a package, where there is one."""
    if not shutil.which("apt-get"):
        return []
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    install = f"apt-get update -q && apt-get install -qy --no-install-recommends {package}"
    return [[*sudo, "sh", "-c", install]]

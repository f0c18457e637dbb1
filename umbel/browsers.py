"""Find or install the programs that the tests need besides Python packages: Chromium, Firefox, strace."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from umbel import progress
from umbel.errors import UmbelError
from umbel.paths import LOGS
from umbel.tools import VENV, Command, environment

_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_FIREFOXES = ("firefox-esr", "firefox", "/Applications/Firefox.app/Contents/MacOS/firefox")


def chromium() -> Path | None:
    """Return the path of a Chromium or Chrome that starts, or None."""
    if found := _first(_CHROMIUMS):
        return found
    caches = [Path.home() / ".cache" / "ms-playwright", Path.home() / "Library" / "Caches" / "ms-playwright"]
    programs = ("chrome-*/chrome", "chrome-mac*/*.app/Contents/MacOS/*")
    downloaded = [path for cache in caches for program in programs for path in cache.glob(f"chromium-*/{program}")]
    return max(downloaded, default=None)


def firefox() -> Path | None:
    """Return the path of a Firefox that starts, or None."""
    return _first(_FIREFOXES)


def strace() -> Path | None:
    """Return the path of an strace that starts, or None. The tests use it to see where connections go."""
    return _first(("strace",))


def install() -> None:
    """Install the programs that are missing: Playwright's Chromium, or the distribution's packages.

    Nearly all browser tests need Chromium, so its absence is an error. Only a few need Firefox or strace: those tests
    then fail and name the missing program.
    """
    playwright: Command = [VENV / "bin" / "playwright", "install", "chromium"]
    _ensure("Chromium", chromium, [playwright, *_apt("chromium")], "chromium")
    # `firefox-esr` is Debian's package; Ubuntu's `firefox` needs a service that containers do not run.
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


def _ensure(name: str, find: Callable[[], Path | None], commands: Sequence[Command], package: str) -> None:
    """Run the commands one by one until `find` finds the program; raise an error when none of them helped."""
    env = {**environment(), "PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "10000"}
    for command in commands:
        if find():
            return
        title = f"{name.lower()} for the tests ({Path(command[0]).name})"
        with contextlib.suppress(UmbelError):
            progress.run(title, command, log=LOGS / f"{name.lower()}.log", env=env)
    if find() is None:
        raise UmbelError(f"the tests need {name}: install it (Debian: sudo apt-get install {package}), then make test")


def _apt(package: str) -> list[Command]:
    """Return the commands that install a Debian package; none on systems without apt-get."""
    if not shutil.which("apt-get"):
        return []
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    install = f"apt-get update -q && apt-get install -qy --no-install-recommends {package}"
    return [[*sudo, "sh", "-c", install]]

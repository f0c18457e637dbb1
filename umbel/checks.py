"""Check what Umbel needs of this machine before anything is started. Each failed check says how to fix it.

Standard library only: `make up` runs this on a machine where nothing is installed yet.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from umbel import environment
from umbel.errors import UmbelError
from umbel.paths import HOME, ROOT, RUN, TOOLS

SETUP_DISK = 2_000_000_000
"""Free bytes that a set-up needs for packages, Node, layers and a build, with a reserve."""
STACK_MEMORY = 2_000_000_000
"""Bytes of memory that the whole stack uses while it works."""
_RUN_DISK = 300_000_000
"""Free bytes that a checkout that is set up needs for logs, builds and results."""
_LEAST_OPEN_FILES = 256
_DAY = 86_400.0


@dataclass(frozen=True)
class Finding:
    """The result of one check. `advice` says what to do, line by line; one that is not `good` stops a deployment."""

    subject: str
    good: bool
    sentence: str
    advice: list[str] = field(default_factory=list)


AWS_NOT_CHECKED = Finding("AWS", True, "was not checked: umbel doctor --aws")
"""The finding in place of those about the account, when nothing asked for them."""


def before_setup() -> Iterator[Finding]:
    """Run all checks for a set-up, in the order in which people would fix what fails."""
    yield _python()
    yield _checkout()
    yield _disk()
    yield _memory()
    yield from _home()
    yield _umask()
    yield _clock()
    yield _loopback()
    yield _open_files()
    yield from _proxies()
    yield from _mirrors()
    yield from _variables()
    yield from _leftovers()


def raise_if_unfit() -> None:
    """Raise an error that lists every failed check; do nothing when all checks pass."""
    errors = [finding for finding in before_setup() if not finding.good]
    if errors:
        *earlier, last = ["; ".join((error.sentence, *error.advice)) for error in errors]
        raise UmbelError(last, "\n".join(f"umbel: {sentence}" for sentence in earlier))


def _python() -> Finding:
    version = f"{platform.python_version()} at {sys.executable}"
    libc = " ".join(platform.libc_ver()).strip() or "another libc than glibc"
    return Finding("python", True, f"{version}, {platform.system()} {platform.machine()}, {libc}")


def _checkout() -> Finding:
    """Check that the checkout can be written and that programs in it can be run."""
    if os.pathsep in str(ROOT):
        # It separates the folders in PATH and in the functions' PYTHONPATH.
        return Finding("checkout", False, f"{ROOT} has a '{os.pathsep}' in it", ["move the checkout to another path"])
    if not os.access(ROOT, os.W_OK):
        return Finding("checkout", False, f"{ROOT} cannot be written", [f"give {_user()} the folder"])
    if os.statvfs(ROOT).f_flag & getattr(os, "ST_NOEXEC", 0):
        advice = ["put the checkout onto a file system that is not mounted noexec"]
        return Finding("checkout", False, f"programs below {ROOT} cannot be run (mounted noexec)", advice)
    return Finding("checkout", True, str(ROOT))


def _disk() -> Finding:
    free = shutil.disk_usage(ROOT).free
    needed = _RUN_DISK if (TOOLS / "stamps").exists() else SETUP_DISK
    sentence = f"{free / 1e9:.1f} GB free"
    if free < needed:
        return Finding("disk", False, f"{sentence}; {needed / 1e9:.1f} GB are needed", [f"make room at {ROOT}"])
    return Finding("disk", True, sentence)


def _memory() -> Finding:
    """Check the available memory where the kernel reports it."""
    try:
        found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    except OSError:
        found = None
    if found is None:
        sentence = f"about {STACK_MEMORY / 1e9:.0f} GB are needed; this system does not report what is free"
        return Finding("memory", True, sentence)
    available = int(found[1]) * 1024
    sentence = f"{available / 1e9:.1f} GB available"
    if available < STACK_MEMORY:
        # Only advice, because the kernel may free more memory and a small job needs less.
        advice = [f"close other programs: the whole stack uses about {STACK_MEMORY / 1e9:.0f} GB while it works"]
        return Finding("memory", True, sentence, advice)
    return Finding("memory", True, sentence)


def _home() -> Iterator[Finding]:
    if not environment.has_writable_home():
        home = os.environ.get("HOME") or "not set"
        yield Finding("home", True, f"HOME ({home}) cannot be written: caches go into {TOOLS / 'cache'}")


def _umask() -> Finding:
    mask = os.umask(0o022)
    os.umask(mask)
    sentence = f"{mask:03o}" + ("" if mask == 0o022 else "; the build sets the modes of the files that it uploads")
    return Finding("umask", True, sentence)


def _clock() -> Finding:
    """Check that the clock is not behind the checkout's own files.

    With such a clock certificates are "not yet valid", and every download fails.
    """
    newest = max(path.stat().st_mtime for path in (ROOT / "uv.lock", ROOT / "cdk.json", ROOT / "umbel"))
    behind = newest - time.time()
    if behind > _DAY:
        now = time.strftime("%Y-%m-%d %H:%M")
        sentence = f"the clock says {now}, {behind / _DAY:.0f} days before the checkout's own files"
        return Finding("clock", False, sentence, ["set the clock: downloads are refused with a clock that is wrong"])
    return Finding("clock", True, time.strftime("%Y-%m-%d %H:%M:%S %z"))


def _loopback() -> Finding:
    try:
        with socket.create_server(("127.0.0.1", 0)) as probe, socket.create_connection(probe.getsockname(), timeout=5):
            pass
    except OSError as error:
        advice = ["ip link set lo up; a firewall must allow 127.0.0.1"]
        return Finding("loopback", False, f"127.0.0.1 cannot be used: {error.strerror or error}", advice)
    return Finding("loopback", True, "127.0.0.1 answers")


def _open_files() -> Finding:
    import resource  # noqa: PLC0415 - only POSIX has it; without it the rest of this file can still be imported

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < _LEAST_OPEN_FILES:
        return Finding("files", False, f"a process may open {hard} files", [f"ulimit -Hn {_LEAST_OPEN_FILES} or more"])
    return Finding("files", True, "a process may open enough files")


def _proxies() -> Iterator[Finding]:
    named = sorted(name for name in os.environ if name.lower() in {"http_proxy", "https_proxy", "all_proxy"})
    for name in named:
        value = os.environ[name]
        parts = urlsplit(value if "://" in value else f"http://{value}")
        if value and not parts.hostname:
            yield Finding("proxy", False, f"{name} is '{value}', which names no host", [f"{name}=http://host:port"])
        elif value:
            sentence = f"{name}: {parts.hostname}, for downloads; requests to this machine do not use it"
            yield Finding("proxy", True, sentence)


def _mirrors() -> Iterator[Finding]:
    names = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "PIP_INDEX_URL", "npm_config_registry")
    for name in names:
        if value := os.environ.get(name):
            yield Finding("mirror", True, f"{name}: {urlsplit(value.split('=', 1)[-1]).hostname or value}")


def _variables() -> Iterator[Finding]:
    """Name the variables of the shell that Umbel's own processes do not get, so that people know why."""
    redirects = sorted(name for name in os.environ if name.startswith(("AWS_", "BOTO", "LOCALSTACK_")))
    if redirects:
        yield Finding("aws", True, f"not used for the local engine: {', '.join(redirects)}")
    settings = sorted(
        name for name in os.environ if environment.TOOL_SETTINGS.match(name) and not environment.passes(name)
    )
    if settings:
        yield Finding("variables", True, f"not passed on: {', '.join(settings)}")


def _leftovers() -> Iterator[Finding]:
    """Name what an engine that was killed left behind; `up` deletes it."""
    if RUN.exists() and not (RUN / "engine.json").exists():
        yield Finding("leftovers", True, f"{RUN} is left from an earlier run; make up deletes it")
    if not (HOME / "lock").exists():
        return
    holder = (HOME / "lock").read_text(errors="replace").strip()
    if holder and not holder.endswith(f"(process {os.getpid()})"):
        yield Finding("lock", True, f"{holder} may be running in this checkout")


def _user() -> str:
    return os.environ.get("USER") or f"user {os.geteuid()}"


def program_version(program: str | Path) -> str:
    """Return what a program prints for `--version`, or an empty string when it does not run."""
    try:
        answer = subprocess.run(  # noqa: S603 - one of our own tools
            [program, "--version"], capture_output=True, text=True, check=False, timeout=30, env=environment.clean()
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""

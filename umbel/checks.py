"""What Umbel needs of this machine, looked at before anything is started: each check is fine, or an error and its fix.

Standard library only: `make up` runs it on a machine where nothing is installed yet.
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
from umbel.home import HOME, ROOT, RUN, TOOLS

DISK = 2_000_000_000
"""Bytes that packages, Node, layers and a build take, with room to spare."""
MEMORY = 2_000_000_000
"""Bytes that the whole stack takes while it works."""
_KEPT_FREE = 300_000_000
"""Bytes that a set-up checkout needs for logs, builds and results."""
_FEW_HANDLES = 256
_DAY = 86_400.0


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `advice` are lines to act on; a finding that is not `good` stops a deployment."""

    subject: str
    good: bool
    sentence: str
    advice: list[str] = field(default_factory=list)


AWS_NOT_CHECKED = Finding("AWS", True, "was not checked: umbel doctor --aws")
"""The finding in place of those about the account, when nothing asked for them."""


def before_setup() -> Iterator[Finding]:
    """Look at all that a set-up needs, in the order in which people would mend it."""
    yield _python()
    yield _folder()
    yield _disk()
    yield _memory()
    yield from _home()
    yield _umask()
    yield _clock()
    yield _loopback()
    yield _handles()
    yield from _proxies()
    yield from _mirrors()
    yield from _variables()
    yield from _leftovers()


def refuse_unfit() -> None:
    """Raise an error with all that stands in the way of a set-up here; say nothing when nothing does."""
    errors = [finding for finding in before_setup() if not finding.good]
    if errors:
        *earlier, last = ["; ".join((error.sentence, *error.advice)) for error in errors]
        raise UmbelError(last, "\n".join(f"umbel: {sentence}" for sentence in earlier))


def _python() -> Finding:
    version = f"{platform.python_version()} at {sys.executable}"
    libc = " ".join(platform.libc_ver()).strip() or "another libc than glibc"
    return Finding("python", True, f"{version}, {platform.system()} {platform.machine()}, {libc}")


def _folder() -> Finding:
    """The checkout can be written, and programs in it can be run."""
    if os.pathsep in str(ROOT):
        # Lists of folders, such as the functions' and PATH itself, are joined with it.
        return Finding("checkout", False, f"{ROOT} has a '{os.pathsep}' in it", ["move the checkout to another path"])
    if not os.access(ROOT, os.W_OK):
        return Finding("checkout", False, f"{ROOT} cannot be written", [f"give {_user()} the folder"])
    if os.statvfs(ROOT).f_flag & getattr(os, "ST_NOEXEC", 0):
        advice = ["put the checkout onto a file system that is not mounted noexec"]
        return Finding("checkout", False, f"programs below {ROOT} cannot be run (mounted noexec)", advice)
    return Finding("checkout", True, str(ROOT))


def _disk() -> Finding:
    free = shutil.disk_usage(ROOT).free
    needed = _KEPT_FREE if (TOOLS / "stamps").exists() else DISK
    sentence = f"{free / 1e9:.1f} GB free"
    if free < needed:
        return Finding("disk", False, f"{sentence}; {needed / 1e9:.1f} GB are needed", [f"make room at {ROOT}"])
    return Finding("disk", True, sentence)


def _memory() -> Finding:
    """What the kernel says is available; without a word where it does not say it."""
    try:
        found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    except OSError:
        found = None
    if found is None:
        return Finding("memory", True, f"about {MEMORY / 1e9:.0f} GB are needed; this system does not say what is free")
    available = int(found[1]) * 1024
    sentence = f"{available / 1e9:.1f} GB available"
    if available < MEMORY:
        # Advice alone: the kernel may find more, and a small job takes less.
        advice = [f"close something: the whole stack takes about {MEMORY / 1e9:.0f} GB while it works"]
        return Finding("memory", True, sentence, advice)
    return Finding("memory", True, sentence)


def _home() -> Iterator[Finding]:
    if not environment.has_writable_home():
        shown = os.environ.get("HOME") or "not set"
        yield Finding("home", True, f"HOME ({shown}) cannot be written: caches go into {TOOLS / 'cache'}")


def _umask() -> Finding:
    mask = os.umask(0o022)
    os.umask(mask)
    sentence = f"{mask:03o}" + ("" if mask == 0o022 else "; what is uploaded gets its modes from the build")
    return Finding("umask", True, sentence)


def _clock() -> Finding:
    """A clock that is behind the checkout's own files lets every certificate seem not to be valid yet."""
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
        advice = ["ip link set lo up; a firewall must let 127.0.0.1 through"]
        return Finding("loopback", False, f"127.0.0.1 cannot be used: {error.strerror or error}", advice)
    return Finding("loopback", True, "127.0.0.1 answers")


def _handles() -> Finding:
    import resource  # noqa: PLC0415 - POSIX alone has it, and so the rest of the file stays readable elsewhere

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < _FEW_HANDLES:
        return Finding("files", False, f"a process may open {hard} files", [f"ulimit -Hn {_FEW_HANDLES} or more"])
    return Finding("files", True, "a process may open enough files")


def _proxies() -> Iterator[Finding]:
    named = sorted(name for name in os.environ if name.lower() in {"http_proxy", "https_proxy", "all_proxy"})
    for name in named:
        given = os.environ[name]
        parts = urlsplit(given if "://" in given else f"http://{given}")
        if given and not parts.hostname:
            yield Finding("proxy", False, f"{name} is '{given}', which names no host", [f"{name}=http://host:port"])
        elif given:
            yield Finding("proxy", True, f"{name}: {parts.hostname}, for downloads; this machine is asked directly")


def _mirrors() -> Iterator[Finding]:
    names = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "PIP_INDEX_URL", "npm_config_registry")
    for name in names:
        if given := os.environ.get(name):
            yield Finding("mirror", True, f"{name}: {urlsplit(given.split('=', 1)[-1]).hostname or given}")


def _variables() -> Iterator[Finding]:
    """What of the shell is set and does not reach our own processes: named, so that nobody wonders."""
    redirects = sorted(name for name in os.environ if name.startswith(("AWS_", "BOTO", "LOCALSTACK_")))
    if redirects:
        yield Finding("aws", True, f"not used for the local engine: {', '.join(redirects)}")
    settings = sorted(
        name for name in os.environ if environment.TOOL_SETTINGS.match(name) and not environment.passes(name)
    )
    if settings:
        yield Finding("variables", True, f"not passed on: {', '.join(settings)}")


def _leftovers() -> Iterator[Finding]:
    """What a killed engine leaves; `up` clears it away."""
    if RUN.exists() and not (RUN / "engine.json").exists():
        yield Finding("leftovers", True, f"{RUN} is left from an earlier run; make up clears it away")
    if not (HOME / "lock").exists():
        return
    holder = (HOME / "lock").read_text(errors="replace").strip()
    if holder and not holder.endswith(f"(process {os.getpid()})"):
        yield Finding("lock", True, f"{holder} may be at work in this checkout")


def _user() -> str:
    return os.environ.get("USER") or f"user {os.geteuid()}"


def version(program: str | Path) -> str:
    """Return what a program answers to `--version`, or nothing when it does not run."""
    try:
        answer = subprocess.run(  # noqa: S603 - a tool of ours
            [program, "--version"], capture_output=True, text=True, check=False, timeout=30, env=environment.clean()
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""

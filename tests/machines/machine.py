"""A fresh checkout with the environment of a user's shell, and the commands that a new user runs in it."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from umbel import environment
from umbel.paths import ROOT

PHOTO = Path("tests", "pictures", "coffee.jpg")
_TIMEOUT = 900.0
_MADE = {".git", ".venv", ".umbel", ".build", "cdk.out", "node_modules", "dist", "__pycache__"}
_CONNECT = re.compile(r"connect\(\d+, \{sa_family=AF_INET6?, .*?(?:inet_addr\(\"|inet_pton\(AF_INET6, \")([^\"]+)\"")


class ConditionError(AssertionError):
    """Something does not work under a condition; the message says what."""


@dataclass
class Machine:
    """One checkout and the settings of its user's shell."""

    folder: Path
    port: int
    settings: Mapping[str, str] = field(default_factory=dict)
    umask: int = 0o022
    before: Sequence[str] = ()
    """A prefix of each command, which runs it as another user or with other mounts."""

    def run(self, *command: str, fails: bool = False) -> subprocess.CompletedProcess[str]:
        """Run a command; raise ConditionError with its output when it does not end as expected."""
        process = self.start(*command)
        out, err = process.communicate(timeout=_TIMEOUT)
        if (process.returncode != 0) != fails:
            raise ConditionError(f"{' '.join(command)} ended with {process.returncode}:\n{out[-1500:]}\n{err[-3000:]}")
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a command in a session of its own, without a terminal."""
        return subprocess.Popen(
            [*self.before, *command],
            cwd=self.folder,
            env=self.shell(),
            umask=self.umask,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=_reset_signals,  # noqa: PLW1509 - it takes no lock
        )

    def shell(self) -> dict[str, str]:
        """Return the variables of the user's shell: those of ours that downloads need, and the settings."""
        ours = {name: value for name, value in environment.clean().items() if not name.startswith("UMBEL_")}
        return {**ours, "UMBEL_PORT": str(self.port), **self.settings}

    def umbel(self, *arguments: str, fails: bool = False) -> subprocess.CompletedProcess[str]:
        """Run an `umbel` command."""
        return self.run(str(self.folder / ".venv" / "bin" / "umbel"), *arguments, fails=fails)

    def upload(self) -> None:
        """Upload a photo; raise ConditionError unless it has its four variants."""
        answer = json.loads(self.umbel("upload", str(self.folder / PHOTO), "--json").stdout)
        if "'completed': 4" not in str(answer) and '"completed": 4' not in json.dumps(answer):
            raise ConditionError(f"not all variants were made: {answer}")

    def work(self) -> None:
        """Run what the README says: up, a photo, down; raise ConditionError when anything is left."""
        try:
            self.run("make", "up")
            self.upload()
        finally:
            self.down()

    def down(self) -> None:
        """Run `make down`; raise ConditionError when a process is left or the port is still in use."""
        self.run("make", "down")
        if left := [process.info for process in self.processes()]:
            raise ConditionError(f"make down left {left}")
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", self.port))

    def processes(self) -> list[psutil.Process]:
        """Return the processes whose working folder is in the checkout."""
        found = psutil.process_iter(["pid", "name", "cwd", "cmdline"])
        return [each for each in found if (each.info["cwd"] or "").startswith(str(self.folder))]

    def engine(self) -> int:
        """Return the engine's process id."""
        record = json.loads((self.folder / ".umbel" / "run" / "engine.json").read_text())
        return int(record["pid"])

    def kill(self) -> None:
        """Kill the engine without a chance to save."""
        os.kill(self.engine(), signal.SIGKILL)

    def audited(self, *command: str) -> set[str]:
        """Run a command; return the IP addresses that it and its children connected to, without the loopback's."""
        log = Path(tempfile.mkstemp(prefix="connects-")[1])
        try:
            strace = ("strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=connect", "-o", str(log))
            self.run(*strace, *command)
            reached = set(_CONNECT.findall(log.read_text(errors="replace")))
        finally:
            log.unlink()
        if not reached:
            raise ConditionError(f"the audit of {command} saw no connection at all")
        return {address for address in reached if not address.startswith("127.") and address not in {"::1", "0.0.0.0"}}


def _reset_signals() -> None:
    """Reset signals that this process ignores because of `nohup` or a shell's `&`: programs in a terminal do not."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


@contextlib.contextmanager
def fresh(name: str = "umbel", **kinds: object) -> Iterator[Machine]:
    """Create a checkout in a temporary folder; at the end kill its processes and delete it."""
    with tempfile.TemporaryDirectory(prefix="machine-", ignore_cleanup_errors=True) as parent:
        Path(parent).chmod(0o755)
        machine = Machine(Path(parent, name), free_port(), **kinds)  # type: ignore[arg-type]
        umask = os.umask(machine.umask)
        try:
            # The files are written and not copied with their modes, so that the umask applies to them.
            _check_out(machine.folder)
        finally:
            os.umask(umask)
        try:
            yield machine
        finally:
            for process in machine.processes():
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()


def _check_out(folder: Path) -> None:
    """Write the project's files into a folder, as `git clone` or `tar` would do it."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        if not path.is_file() or _MADE & set(parts) or any(part.startswith(".") and "cache" in part for part in parts):
            continue
        target = folder.joinpath(*parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        if os.access(path, os.X_OK):
            target.chmod(target.stat().st_mode | 0o100)


def free_port() -> int:
    """Return a port that is not in use."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

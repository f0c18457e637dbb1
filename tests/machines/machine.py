"""A machine of somebody else's: a fresh checkout, a process environment, and what a new user does there."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from umbel import environment
from umbel.paths import ROOT

PHOTO = Path("tests", "pictures", "coffee.jpg")
_PATIENCE = 900.0
_MADE = {".git", ".venv", ".umbel", ".build", "cdk.out", "node_modules", "dist", "__pycache__"}
_CONNECT = re.compile(r"connect\(\d+, \{sa_family=AF_INET6?, .*?(?:inet_addr\(\"|inet_pton\(AF_INET6, \")([^\"]+)\"")


class Unsound(AssertionError):
    """What a new user would complain of."""


@dataclass
class Machine:
    """One checkout and what its user's shell has set."""

    folder: Path
    port: int
    settings: Mapping[str, str] = field(default_factory=dict)
    umask: int = 0o022
    before: Sequence[str] = ()
    """Put in front of each command: another user, another view of the file system."""

    def run(self, *command: str, fails: bool = False) -> subprocess.CompletedProcess[str]:
        """Run a command as the user would; an `Unsound` with its output when it does not end as expected."""
        done = self.start(*command)
        out, err = done.communicate(timeout=_PATIENCE)
        if (done.returncode != 0) != fails:
            raise Unsound(f"{' '.join(command)} ended with {done.returncode}:\n{out[-1500:]}\n{err[-3000:]}")
        return subprocess.CompletedProcess(command, done.returncode, out, err)

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
            preexec_fn=_hear_signals,  # noqa: PLW1509 - it takes no lock
        )

    def shell(self) -> dict[str, str]:
        """The environment of the user's shell: of this one what downloads need, and the settings."""
        ours = {name: value for name, value in environment.clean().items() if not name.startswith("UMBEL_")}
        return {**ours, "UMBEL_PORT": str(self.port), **self.settings}

    def umbel(self, *arguments: str, fails: bool = False) -> subprocess.CompletedProcess[str]:
        """Run the command line."""
        return self.run(str(self.folder / ".venv" / "bin" / "umbel"), *arguments, fails=fails)

    def upload(self) -> None:
        """Upload a photo and insist on its four variants."""
        answer = json.loads(self.umbel("upload", str(self.folder / PHOTO), "--json").stdout)
        if "'completed': 4" not in str(answer) and '"completed": 4' not in json.dumps(answer):
            raise Unsound(f"not all variants were made: {answer}")

    def work(self) -> None:
        """Do what the README says: up, a photo, down; then insist that nothing is left."""
        try:
            self.run("make", "up")
            self.upload()
        finally:
            self.down()

    def down(self) -> None:
        """Take it down; an `Unsound` when something of it is left."""
        self.run("make", "down")
        if left := [process.info for process in self.processes()]:
            raise Unsound(f"make down left {left}")
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", self.port))

    def processes(self) -> list[psutil.Process]:
        """What works below the checkout's folder."""
        found = psutil.process_iter(["pid", "name", "cwd", "cmdline"])
        return [each for each in found if (each.info["cwd"] or "").startswith(str(self.folder))]

    def engine(self) -> int:
        """The engine's process."""
        record = json.loads((self.folder / ".umbel" / "run" / "engine.json").read_text())
        return int(record["pid"])

    def kill(self) -> None:
        """End the engine as a dead battery does."""
        os.kill(self.engine(), signal.SIGKILL)

    def audited(self, *command: str) -> set[str]:
        """Run a command and return the addresses that it and all its children connected to, without the loopback's."""
        log = Path(tempfile.mkstemp(prefix="connects-")[1])
        try:
            watch = ("strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=connect", "-o", str(log))
            self.run(*watch, *command)
            reached = set(_CONNECT.findall(log.read_text(errors="replace")))
        finally:
            log.unlink()
        if not reached:
            raise Unsound(f"the audit of {command} saw no connection at all")
        return {address for address in reached if not address.startswith("127.") and address not in {"::1", "0.0.0.0"}}


def _hear_signals() -> None:
    """Undo what `nohup` or a shell's `&` did to this process: a terminal's programs ignore no signal."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


@contextlib.contextmanager
def fresh(name: str = "umbel", **kinds: object) -> Iterator[Machine]:
    """A new checkout in a temporary folder; taken down and deleted afterwards, whatever happened."""
    with tempfile.TemporaryDirectory(prefix="machine-", ignore_cleanup_errors=True) as parent:
        Path(parent).chmod(0o755)
        machine = Machine(Path(parent, name), free_port(), **kinds)  # type: ignore[arg-type]
        umask = os.umask(machine.umask)
        try:
            # Written anew, so that the modes are those of a checkout under this umask.
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
    """Write the project's files into a folder, as `git clone` or `tar` would."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        if not path.is_file() or _MADE & set(parts) or any(part.startswith(".") and "cache" in part for part in parts):
            continue
        place = folder.joinpath(*parts)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
        if os.access(path, os.X_OK):
            place.chmod(place.stat().st_mode | 0o100)


def free_port() -> int:
    """A port that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def timed(work: object) -> float:
    """Call it and return the seconds that it took."""
    begun = time.monotonic()
    assert callable(work)
    work()
    return time.monotonic() - begun

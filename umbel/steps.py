"""Long work on the terminal: one line per step, with what it is doing, then a tick and the seconds.

Standard library only: it runs before anything is installed. Everything goes to stderr, so that stdout stays an answer.
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from umbel.faults import Fault

_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_CLEAR = "\r\x1b[K"
_TAIL = 15
_GRACE = 5.0
"""Seconds that a stopped command gets before it is killed."""


class Step:
    """One line on the terminal."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.detail = ""
        self.started = time.monotonic()
        self._over = threading.Event()
        self._painter = threading.Thread(target=self._paint, daemon=True)
        if sys.stderr.isatty():
            self._painter.start()

    def note(self, detail: str) -> None:
        """Say what the step is doing at this moment; shown while it lasts, on a terminal only."""
        self.detail = " ".join(_ESCAPES.sub("", detail).split())

    def end(self, mark: str) -> None:
        """Replace the moving line with the final one."""
        self._over.set()
        if self._painter.is_alive():
            self._painter.join()
            sys.stderr.write("\r\x1b[K")
        seconds = f"{time.monotonic() - self.started:.1f} s"
        sys.stderr.write(f"{mark} {self.title:<44} {seconds:>8}\n")
        sys.stderr.flush()

    def _paint(self) -> None:
        frame = 0
        while not self._over.wait(0.1):
            frame += 1
            line = f"{_FRAMES[frame % len(_FRAMES)]} {self.title}  {time.monotonic() - self.started:.0f} s  "
            room = shutil.get_terminal_size().columns - len(line) - 1
            sys.stderr.write(f"\r\x1b[K{line}\x1b[2m{self.detail[: max(room, 0)]}\x1b[0m")
            sys.stderr.flush()


def say(sentence: str) -> None:
    """Tell people something beside the steps."""
    sys.stderr.write(f"{_CLEAR if sys.stderr.isatty() else ''}umbel: {sentence}\n")
    sys.stderr.flush()


@contextlib.contextmanager
def step(title: str) -> Iterator[Step]:
    """Show one step: a tick when the block ends well, a cross when it does not."""
    here = Step(title)
    try:
        yield here
    except BaseException:
        here.end(_mark("✗", 31))
        raise
    here.end(_mark("✓", 32))


def run(
    title: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    patience: float | None = None,
) -> None:
    """Run a command as one step. Its output goes to `log`; the end of it comes with the fault when it fails.

    A command that says nothing for `patience` seconds is stopped.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    tail: deque[str] = deque(maxlen=_TAIL)
    with step(title) as here, log.open("w", encoding="utf-8") as out:
        # A session of its own, so that all that the command started can be stopped with it.
        process = subprocess.Popen(  # noqa: S603 - our own commands
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        try:
            for line in _lines(process, patience):
                out.write(line)
                if line.strip():
                    tail.append(line.rstrip())
                    here.note(line)
            status = process.wait()
        except BaseException as fault:
            _stop(process)
            if isinstance(fault, queue.Empty):
                said = f"'{title}' said nothing for {patience:.0f} s and was stopped; the whole log is {log}"
                raise Fault(said, "\n".join(tail)) from fault
            raise
        if status:
            raise Fault(f"'{title}' failed (exit status {status}); the whole log is {log}", "\n".join(tail))


def _lines(process: subprocess.Popen[str], patience: float | None) -> Iterator[str]:
    """What the command says, line by line; `queue.Empty` when it is silent for too long."""
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    while (line := lines.get(timeout=patience)) is not None:
        yield line


def _stop(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _mark(sign: str, colour: int) -> str:
    return f"\x1b[{colour}m{sign}\x1b[0m" if sys.stderr.isatty() and "NO_COLOR" not in os.environ else sign

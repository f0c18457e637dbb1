"""Long work on the terminal: one line per step, with what it is doing, then a tick and the seconds.

Standard library only: it runs before anything is installed. Everything goes to stderr, so that stdout stays an answer.
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from umbel import processes
from umbel.errors import UmbelError

_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_CLEAR = "\r\x1b[K"
_TAIL = 15
_TITLE = 44
_GRACE = 5.0
"""Seconds that a stopped command gets before it is killed."""
_BUSY = 0.03
"""The share of one processor from which on a silent command counts as busy. A CDK that polls is far below."""


class Step:
    """One line on the terminal."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.detail = ""
        self.started = time.monotonic()
        self._over = threading.Event()
        self._painter = threading.Thread(target=self._paint, daemon=True)
        if _painted():
            self._painter.start()

    def note(self, detail: str) -> None:
        """Say what the step is doing at this moment; shown while it lasts, on a terminal only."""
        self.detail = " ".join(_ESCAPES.sub("", detail).split())

    def end(self, mark: str) -> None:
        """Replace the moving line with the final one."""
        self._over.set()
        if self._painter.is_alive():
            self._painter.join()
            _say("\r\x1b[K")
        seconds = f"{time.monotonic() - self.started:.1f} s"
        room = _TITLE if not _painted() else max(0, min(_TITLE, _columns() - len("✓   9999.9 s") - 1))
        _say(f"{mark} {self.title[:room]:<{room}} {seconds:>8}\n")

    def _paint(self) -> None:
        frame = 0
        while not self._over.wait(0.1):
            frame += 1
            _say(f"\r\x1b[K{self.line(frame, _columns())}")

    def line(self, frame: int, columns: int) -> str:
        """Return the moving line, never wider than the terminal: one that wraps cannot be painted over."""
        said = f"{_FRAMES[frame % len(_FRAMES)]} {self.title}  {time.monotonic() - self.started:.0f} s"
        room = columns - len(said) - 3
        detail = f"  \x1b[2m{self.detail[:room]}\x1b[0m" if room > 0 else ""
        return said[: max(columns - 1, 0)] + detail


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

    A command that neither says nor computes anything for `patience` seconds is stopped. However it ends, nothing that
    it started is left.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    tail: deque[str] = deque(maxlen=_TAIL)
    with step(title) as here, log.open("w", encoding="utf-8") as out:
        started: list[subprocess.Popen[str]] = []

        def start() -> None:
            started.append(
                subprocess.Popen(  # noqa: S603 - our own commands
                    [str(part) for part in command],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    env={**(os.environ if env is None else env), **processes.marked()},
                    cwd=cwd,
                    encoding="utf-8",
                    errors="replace",
                    # A session of its own, so that all that the command started can be stopped with it.
                    start_new_session=True,
                )
            )

        try:
            # In a thread: a signal raises in this one, and at no point leaves a process that nobody knows.
            with ThreadPoolExecutor(1) as starter:
                starter.submit(start).result()
            process = started[0]
            for line in _lines(process, patience):
                out.write(line)
                if line.strip():
                    tail.append(line.rstrip())
                    here.note(line)
            status = process.wait()
        except queue.Empty as error:
            said = f"'{title}' did and said nothing for {patience:.0f} s and was stopped; the whole log is {log}"
            raise UmbelError(said, "\n".join(tail)) from error
        finally:
            for process in started:
                processes.stop(process.pid, _GRACE)
                process.wait()
        if status:
            raise UmbelError(f"'{title}' failed (exit status {status}); the whole log is {log}", "\n".join(tail))


def _lines(process: subprocess.Popen[str], patience: float | None) -> Iterator[str]:
    """Yield what the command says, line by line; `queue.Empty` when it neither says nor does anything for too long."""
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    while True:
        spent = processes.seconds(process.pid) if patience else 0.0
        try:
            line = lines.get(timeout=patience)
        except queue.Empty:
            # On a busy machine a command may compute for long; one that only asks whether it may go on computes little.
            if patience and processes.seconds(process.pid) - spent > patience * _BUSY:
                continue
            raise
        if line is None:
            return
        yield line


def _painted() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except OSError:
        return 80


def _say(text: str) -> None:
    """Write to the terminal, which may be gone: a step goes on to its end without it."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()


def _mark(sign: str, colour: int) -> str:
    return f"\x1b[{colour}m{sign}\x1b[0m" if _painted() and "NO_COLOR" not in os.environ else sign

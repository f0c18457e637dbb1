"""Show long work on the terminal: one line per step with what it is doing, then a tick and the seconds.

Standard library only: it runs before anything is installed. All output goes to stderr; stdout has a command's result.
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
_ERROR_LINES = 15
_TITLE_WIDTH = 44
_GRACE = 5.0
"""Seconds that a stopped command gets to end before it is killed."""
_BUSY_SHARE = 0.03
"""A silent command that uses at least this share of one CPU counts as busy. A CDK that polls uses far less."""


class Step:
    """One line on the terminal."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.detail = ""
        self.started = time.monotonic()
        self._over = threading.Event()
        self._painter = threading.Thread(target=self._paint, daemon=True)
        if _is_interactive():
            self._painter.start()

    def note(self, detail: str) -> None:
        """Set the text that says what the step is doing now; it is shown on a terminal only."""
        self.detail = " ".join(_ESCAPES.sub("", detail).split())

    def end(self, mark: str) -> None:
        """Replace the animated line with the final one."""
        self._over.set()
        if self._painter.is_alive():
            self._painter.join()
            _say("\r\x1b[K")
        seconds = f"{time.monotonic() - self.started:.1f} s"
        width = _TITLE_WIDTH
        if _is_interactive():
            width = max(0, min(width, _columns() - len("✓   9999.9 s") - 1))
        _say(f"{mark} {self.title[:width]:<{width}} {seconds:>8}\n")

    def _paint(self) -> None:
        frame = 0
        while not self._over.wait(0.1):
            frame += 1
            _say(f"\r\x1b[K{self.line(frame, _columns())}")

    def line(self, frame: int, columns: int) -> str:
        """Return the animated line, cut to the terminal's width: a line that wraps cannot be overwritten."""
        text = f"{_FRAMES[frame % len(_FRAMES)]} {self.title}  {time.monotonic() - self.started:.0f} s"
        room = columns - len(text) - 3
        detail = f"  \x1b[2m{self.detail[:room]}\x1b[0m" if room > 0 else ""
        return text[: max(columns - 1, 0)] + detail


def say(sentence: str) -> None:
    """Print a sentence that is not part of a step."""
    sys.stderr.write(f"{_CLEAR if sys.stderr.isatty() else ''}umbel: {sentence}\n")
    sys.stderr.flush()


@contextlib.contextmanager
def step(title: str) -> Iterator[Step]:
    """Show the block as one step: with a tick when it succeeds, with a cross when it raises."""
    shown = Step(title)
    try:
        yield shown
    except BaseException:
        shown.end(_mark("✗", 31))
        raise
    shown.end(_mark("✓", 32))


def run(
    title: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    patience: float | None = None,
) -> None:
    """Run a command as one step, its output written to `log`; raise an error with the output's end when it fails.

    A command that prints nothing and computes nothing for `patience` seconds is stopped. However the command ends, all
    processes that it started are stopped.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    tail: deque[str] = deque(maxlen=_ERROR_LINES)
    with step(title) as shown, log.open("w", encoding="utf-8") as out:
        started: list[subprocess.Popen[str]] = []

        def start() -> None:
            started.append(
                subprocess.Popen(  # noqa: S603 - our own commands
                    [str(part) for part in command],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    env={**(os.environ if env is None else env), **processes.marker_variable()},
                    cwd=cwd,
                    encoding="utf-8",
                    errors="replace",
                    # In a session of its own, so that all processes that the command starts can be stopped with it.
                    start_new_session=True,
                )
            )

        try:
            # In a thread, because a signal raises an exception in this one: if that interrupted Popen, the process
            # would run and nothing could stop it.
            with ThreadPoolExecutor(1) as starter:
                starter.submit(start).result()
            process = started[0]
            for line in _lines(process, patience):
                out.write(line)
                if line.strip():
                    tail.append(line.rstrip())
                    shown.note(line)
            status = process.wait()
        except queue.Empty as error:
            sentence = f"'{title}' was stopped: no output and no work for {patience:.0f} s; the whole log is {log}"
            raise UmbelError(sentence, "\n".join(tail)) from error
        finally:
            for process in started:
                processes.stop(process.pid, _GRACE)
                process.wait()
        if status:
            raise UmbelError(f"'{title}' failed (exit status {status}); the whole log is {log}", "\n".join(tail))


def _lines(process: subprocess.Popen[str], patience: float | None) -> Iterator[str]:
    """Yield the lines of a command's output; raise `queue.Empty` when it prints and computes nothing for too long."""
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    while True:
        spent = processes.cpu_seconds(process.pid) if patience else 0.0
        try:
            line = lines.get(timeout=patience)
        except queue.Empty:
            # On a busy machine a command may compute for long. One that only polls uses little CPU time.
            if patience and processes.cpu_seconds(process.pid) - spent > patience * _BUSY_SHARE:
                continue
            raise
        if line is None:
            return
        yield line


def _is_interactive() -> bool:
    """Return whether stderr is a terminal on which lines can be overwritten."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except OSError:
        return 80


def _say(text: str) -> None:
    """Write to the terminal; do nothing when it was closed, so that the step can go on."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()


def _mark(sign: str, colour: int) -> str:
    return f"\x1b[{colour}m{sign}\x1b[0m" if _is_interactive() and "NO_COLOR" not in os.environ else sign

"""A shell on a terminal: what one command sets, the next one can use."""

import codecs
import os
import pty
import re
import select
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_END = "end-of-command"
_SILENT_SECONDS = 60


class Shell:
    """Types commands into one bash and reads what it prints."""

    def __init__(self, bash: "subprocess.Popen[str]", terminal: int) -> None:
        self._bash = bash
        self._terminal = terminal

    def type(self, command: str) -> tuple[int, list[str]]:
        """Run a command to its end; return its exit status and the lines that it printed."""
        assert self._bash.stdin
        self._bash.stdin.write(f'{{ {command}\n}} < /dev/null; printf "\\n{_END} %d\\n" $?\n')
        self._bash.stdin.flush()
        printed, decoder = "", codecs.getincrementaldecoder("utf-8")()
        while not (ended := re.search(rf"^{_END} (\d+)\r?$", printed, re.MULTILINE)):
            if not select.select([self._terminal], [], [], _SILENT_SECONDS)[0]:
                raise TimeoutError(f"'{command}' printed nothing for {_SILENT_SECONDS} seconds: {printed!r}")
            printed += decoder.decode(os.read(self._terminal, 65536))
        return int(ended[1]), [line.strip() for line in printed[: ended.start()].splitlines() if line.strip()]


@contextmanager
def shell(folder: Path, environment: dict[str, str]) -> Iterator[Shell]:
    """Run a bash in this folder; end it and everything that it started after the block."""
    ours, theirs = pty.openpty()
    settings = {**environment, "TERM": "dumb"}
    command = ["bash", "--noprofile", "--norc"]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=theirs,
        stderr=theirs,
        cwd=folder,
        env=settings,
        start_new_session=True,
        text=True,
    ) as bash:
        os.close(theirs)
        try:
            yield Shell(bash, ours)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(bash.pid, signal.SIGKILL)
            os.close(ours)

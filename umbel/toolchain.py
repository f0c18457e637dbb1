"""Install what the project needs: Python packages, Node, the CDK, the local engine, a browser for the tests.

Standard library only, because `python3 -m umbel.bootstrap setup` runs before anything is installed. `umbel.stamps`
records what is installed; a second run only compares.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import NoReturn

from umbel import checks, lock
from umbel.environment import for_aws
from umbel.errors import UmbelError
from umbel.node_tools import node, node_packages, page
from umbel.paths import TOOLS
from umbel.python_tools import local_engine, python_packages
from umbel.removal import clean_up, down
from umbel.stamps import digest, ensure
from umbel.tools import ENGINE, MODULES, NODE, VENV, environment
from umbel.uv_program import uv

__all__ = ["ENGINE", "NODE", "VENV", "cdk", "digest", "environment", "page", "setup", "uv"]


def setup() -> None:
    """Install whatever is missing or out of date; raise an error when this machine does not meet the requirements."""
    with lock.held("make setup", TOOLS):
        checks.raise_if_unfit()
        for part in (python_packages(), node(), node_packages(), local_engine()):
            ensure(part)


def cdk(arguments: Sequence[str]) -> NoReturn:
    """Replace this process with the pinned CDK CLI on the project's own Node."""
    program = MODULES / ".bin" / "cdk"
    if not program.exists() or not (NODE / "node").exists():
        sys.exit("umbel: the CDK is not installed yet: make setup")
    os.execve(NODE / "node", ["node", str(program), *arguments], environment(for_aws()))  # noqa: S606 - no shell needed


class Stopped(BaseException):
    """Raised when a signal asks this process to end; like `KeyboardInterrupt`, it is not an `Exception`."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.status = 128 + number
        self.name = signal.Signals(number).name


def _stop_on_signals() -> None:
    """Raise `Stopped` on the first signal to end, so that child processes are stopped first; ignore later signals."""

    def stop(number: int, _: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(number)

    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Under `nohup make up`, SIGHUP is ignored already and must stay ignored.
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, stop)


def run(command: Sequence[str]) -> NoReturn:
    """Replace this process with a command in the clean environment, with the project's tools first in PATH."""
    env = environment()
    program = shutil.which(command[0], path=env["PATH"])
    if program is None:
        sys.exit(f"umbel: {command[0]} is not installed yet: make setup")
    os.execve(program, list(command), env)  # noqa: S606 - our own tools


def look() -> None:
    """Print whether this machine meets the requirements of set-up, like `umbel doctor` before the installation."""
    findings = list(checks.before_setup())
    for finding in findings:
        lines = [f"{'✓' if finding.good else '✗'} {finding.subject:<12} {finding.sentence}", *finding.advice]
        sys.stdout.write(f"\n{'':<15}".join(lines) + "\n")
    sys.stdout.write(f"– {checks.AWS_NOT_CHECKED.subject:<12} {checks.AWS_NOT_CHECKED.sentence}\n")
    if not all(finding.good for finding in findings):
        sys.exit(1)


def _install_browser() -> None:
    from umbel import browsers  # noqa: PLC0415 - it imports this module

    browsers.install()


def main() -> None:
    """`python3 -m umbel.bootstrap setup|browser|page|look|down|clean|run|cdk`, as make calls it."""
    name, *arguments = sys.argv[1:]
    actions: dict[str, Callable[[], None]] = {
        "setup": setup,
        "browser": _install_browser,
        "page": page,
        "look": look,
        "down": lambda: down(arguments),
    }
    if name == "cdk":
        cdk(arguments)
    if name == "run":
        run(arguments)
    _stop_on_signals()
    try:
        if name == "clean":
            clean_up(arguments)
            return
        with lock.held(f"make {name}", TOOLS):
            actions[name]()
    except UmbelError as error:
        sys.exit(f"{error.detail}\numbel: {error}".strip())
    except OSError as error:
        sys.exit(
            f"umbel: {error.filename}: {error.strerror}" if error.filename else f"umbel: {error.strerror or error}"
        )
    except Stopped as stopped:
        # After SIGHUP there may be no terminal to write to.
        with contextlib.suppress(OSError):
            sys.stderr.write(f"umbel: stopped by {stopped.name}\n")
            sys.stderr.flush()
        sys.exit(stopped.status)


if __name__ == "__main__":
    main()

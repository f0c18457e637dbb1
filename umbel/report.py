"""Write the text of `umbel doctor --report`, to paste into an issue: checks and logs, without secrets."""

import contextlib
import getpass
import os
import re
import socket
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from umbel import environment
from umbel.checks import Finding
from umbel.paths import HOME, LOGS, ROOT, version

_LINES = 20
"""The number of lines that are shown of each log's end."""
_KEYS = "token|secret|password|authorization|credential|signature|_auth"
_SECRETS: list[tuple[str, str | Callable[[re.Match[str]], str]]] = [
    (r"umb_[A-Za-z0-9_-]+", "<token>"),
    (r"(?i)bearer\s+\S+", "<token>"),
    (r"\b(AKIA|ASIA)[A-Z0-9]{12,}\b", "<access key>"),
    (rf"(?i)({_KEYS})([\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;]+", r"\1\2<hidden>"),
    (r"://[^/\s@]+@", "://<login>@"),
    (r"\b\d{12}\b", "<account>"),
    (r"\b[\w.+-]+@[\w-]+\.[\w.]+\b", "<e-mail>"),
]


def text(findings: Iterable[Finding]) -> str:
    """Return the findings, the names of the variables that are set, and the end of each log, redacted."""
    return redacted("\n".join(_lines(findings))) + "\n"


def redacted(original: str) -> str:
    """Return a text without tokens, keys, logins, account ids, e-mail addresses, and this machine's names."""
    result = original
    for pattern, replacement in _SECRETS:
        result = re.sub(pattern, replacement, result)
    for name, replacement in _names():
        result = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", replacement, result)
    return result


def _names() -> Iterator[tuple[str, str]]:
    """Yield each path and name of this machine and its user with its replacement.

    The longest comes first, because one may be a part of another.
    """
    known = {str(HOME): "<state>", str(ROOT): "<checkout>", str(Path.home()): "~", socket.gethostname(): "<host>"}
    # In a container the user may have no name.
    with contextlib.suppress(KeyError, OSError):
        known[getpass.getuser()] = "<user>"
    return ((name, known[name]) for name in sorted(known, key=len, reverse=True) if len(name) > 1)


def _lines(findings: Iterable[Finding]) -> Iterator[str]:
    yield f"Umbel {version()}"
    yield ""
    for finding in findings:
        yield f"{'ok  ' if finding.good else 'BAD '} {finding.subject:<12} {finding.sentence}"
        yield from (f"     {'':<12} {line}" for line in finding.advice)
    yield ""
    yield f"variables that matter: {' '.join(sorted(filter(environment.matters, os.environ)))}"
    for log in sorted(LOGS.glob("*.log")):
        last_lines = log.read_text(errors="replace").splitlines()[-_LINES:]
        yield from ("", f"--- {log.name}", *last_lines)

"""`umbel doctor --report`: what helps to understand a fault, as a text to paste into an issue, without secrets."""

import contextlib
import getpass
import os
import re
import socket
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from umbel import environment
from umbel.checks import Finding
from umbel.home import HOME, LOGS, ROOT, version

_LINES = 20
"""How much of each log's end is shown."""
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
    """Return the findings, the variables that are set (names alone), and the end of each log, redacted."""
    return redacted("\n".join(_lines(findings))) + "\n"


def redacted(said: str) -> str:
    """Return a text without tokens, keys, logins, account numbers, e-mail addresses, and this machine's names."""
    for pattern, instead in _SECRETS:
        said = re.sub(pattern, instead, said)
    for name, instead in _names():
        said = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", instead, said)
    return said


def _names() -> Iterator[tuple[str, str]]:
    """What names this machine and its user; the longest first, since one may lie within another."""
    known = {str(HOME): "<state>", str(ROOT): "<checkout>", str(Path.home()): "~", socket.gethostname(): "<host>"}
    # A user may have no name, as in containers.
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
        ended = log.read_text(errors="replace").splitlines()[-_LINES:]
        yield from ("", f"--- {log.name}", *ended)

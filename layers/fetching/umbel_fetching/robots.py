"""Obey `robots.txt` (RFC 9309): which pages of a host may be crawled."""

import time
from threading import Lock
from typing import NamedTuple
from urllib.parse import urlsplit

from protego import Protego

from umbel_core.errors import Rejected
from umbel_core.input_types import without_query
from umbel_fetching import fetcher
from umbel_fetching.busy import TOO_MANY_REQUESTS, host_busy

_PATH = "/robots.txt"
_KEPT_SECONDS = 3600.0
_ERROR_KEPT_SECONDS = 10.0
"""Tasks side by side must not each wait for a host that does not answer."""
_KEPT_HOSTS = 1000
_ALLOWING = ("redirect_loop", "too_large")
"""Errors of a host that answers, but has no rules that can be read."""


class _Rules(NamedTuple):
    until: float
    found: Protego | Rejected


_known: dict[str, _Rules] = {}
_locks: dict[str, Lock] = {}
_lock = Lock()


def check(url: str, seconds: float) -> None:
    """Raise `Rejected` when the host of a canonical URL does not let us fetch it.

    The rules are fetched once an hour for each host, in `seconds` at most, under the policy of all fetches. A host that
    cannot be reached is not crawled, for the reason that its rules could not be fetched.
    """
    robots = _rules(url, seconds)
    if isinstance(robots, Rejected):
        raise robots.with_traceback(None)  # it is raised by many tasks
    if not robots.can_fetch(url, fetcher.deployment.user_agent):
        sentence = f"{_PATH} of {urlsplit(url).netloc} does not allow us to fetch {without_query(url)}."
        raise Rejected("robots_disallowed", sentence)


def forget() -> None:
    """Forget the rules of all hosts."""
    with _lock:
        _known.clear()
        _locks.clear()


def _rules(url: str, seconds: float) -> Protego | Rejected:
    start = time.monotonic()
    parts = urlsplit(url)
    host = f"{parts.scheme}://{parts.netloc}"
    with _lock:
        if len(_locks) > _KEPT_HOSTS:
            _known.clear()
            _locks.clear()
        one_at_a_time = _locks.setdefault(host, Lock())
    if not one_at_a_time.acquire(timeout=max(0.0, seconds)):
        return Rejected("timed_out", f"{host}{_PATH} took longer than {seconds:g} seconds.")
    try:
        rules = _known.get(host)
        if rules is None or time.monotonic() > rules.until:
            rules = _known[host] = _read(f"{host}{_PATH}", seconds - (time.monotonic() - start))
        return rules.found
    finally:
        one_at_a_time.release()


def _read(url: str, seconds: float) -> _Rules:
    try:
        found = _fetched(url, seconds)
    except Rejected as error:
        return _Rules(time.monotonic() + _ERROR_KEPT_SECONDS, error)
    return _Rules(time.monotonic() + _KEPT_SECONDS, found)


def _fetched(url: str, seconds: float) -> Protego:
    try:
        page = fetcher.fetch(url, seconds=seconds)
    except Rejected as error:
        if error.code in _ALLOWING:
            return Protego.parse("")
        raise
    if page.status == TOO_MANY_REQUESTS or page.retry_after is not None:
        raise host_busy(url, page.status, page.retry_after)
    if page.status >= fetcher.SERVER_ERROR:
        raise Rejected("robots_disallowed", f"{url} answers with status {page.status}, which forbids all pages.")
    found = page.status // 100 == 2
    return Protego.parse(page.body.decode("utf-8", "replace") if found else "")

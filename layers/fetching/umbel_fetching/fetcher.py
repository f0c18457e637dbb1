"""Fetches a page by its URL, within limits of network, time and size.

The IP address is checked where the socket connects, so that no spelling, name, redirect or changed DNS answer can lead
to a forbidden one. Every error is `Rejected`: it is the URL's, and the fetcher does not try again.
"""

import re
import socket
import time
from collections.abc import Callable
from typing import Any, Protocol

import certifi
import msgspec
import pycurl  # type: ignore[import-untyped]  # it has types, but does not say so

from umbel_core.errors import Rejected
from umbel_core.settings import Limits
from umbel_fetching.addresses import Allowed
from umbel_fetching.busy import seconds_until
from umbel_fetching.charsets import charset_in, name_of
from umbel_fetching.urls import canonical, host_of, place_of, redirected

PAGE_BYTES = 256 * 1024
_HEADER_BYTES = 128 * 1024
"""The limit for all answers of a fetch together, redirects included."""
_REDIRECTS = 5
_REDIRECTING = re.compile(rb"HTTP/\S+ 30[12378]\b")

_BUSY = re.compile(rb"HTTP/\S+ (429|503)\b")

_HOSTS_FAULT = ("dead_host", "timed_out", "tls_failed", "bad_answer")
SERVER_ERROR = 500
"""From this status on, the host says itself that it is not well."""


class Circuits(Protocol):
    """Stores, for all workers, which hosts keep failing. A host is named with its port."""

    def check(self, host: str) -> None:
        """Raise `Rejected` with `circuit_open` when the host must not be asked now."""

    def failed(self, host: str) -> None:
        """The host did not answer, or not well."""

    def answered(self, host: str) -> None:
        """The host answered."""


class Trusting:
    """Circuits that are always closed: every host may be asked."""

    def check(self, host: str) -> None: ...
    def failed(self, host: str) -> None: ...
    def answered(self, host: str) -> None: ...


class Pace(Protocol):
    """Stores, for all workers, when a host may be called again."""

    def claim(self, host: str, delay: float) -> float:
        """Return the seconds until the caller may call the host; the next may do so `delay` seconds later."""


class Unpaced:
    """A pace without pauses."""

    def claim(self, host: str, delay: float) -> float:  # noqa: ARG002 - the signature of Pace
        return 0.0


class Policy(msgspec.Struct):
    """What holds for every fetch of a deployment."""

    allowed: Allowed = Allowed()
    circuits: Circuits = Trusting()
    user_agent: str = Limits().user_agent
    pace: Pace = Unpaced()


deployment = Policy()
"""The worker sets it once, before its first fetch; ops know nothing of it."""

_OURS = (pycurl.E_FAILED_INIT, pycurl.E_OUT_OF_MEMORY, pycurl.E_SSL_CACERT_BADFILE, pycurl.E_BAD_FUNCTION_ARGUMENT)
_CODES = {
    pycurl.E_URL_MALFORMAT: ("invalid_url", "This URL cannot be read."),
    pycurl.E_COULDNT_RESOLVE_HOST: ("dead_host", "{host} is not known."),
    pycurl.E_COULDNT_CONNECT: ("dead_host", "{host} takes no connections."),
    pycurl.E_OPERATION_TIMEDOUT: ("timed_out", "{host} took longer than {seconds:g} seconds."),
    pycurl.E_SSL_CONNECT_ERROR: ("tls_failed", "{host} and we found no common way to encrypt."),
    pycurl.E_PEER_FAILED_VERIFICATION: ("tls_failed", "{host} has no certificate that can be trusted."),
}


class FetchedPage(msgspec.Struct, frozen=True, kw_only=True):
    """The answer for a URL, after all redirects."""

    url: str
    """Where the redirects ended."""
    status: int
    content_type: str
    """In lower case, without parameters; empty when the answer does not say."""
    charset: str | None
    """As the WHATWG's standard names it; None when the answer names none that browsers know."""
    body: bytes
    """Decompressed."""
    truncated: bool
    """There was more than `max_bytes`."""
    took_ms: int
    retry_after: int | None = None
    """Seconds after which a host that is busy asks to be called again; None for other answers."""


def fetch(
    url: str,
    *,
    max_bytes: int = PAGE_BYTES,
    whole: bool = False,
    seconds: float = 10,
    allowed: Allowed | None = None,
    check: Callable[[str, float], None] | None = None,
) -> FetchedPage:
    """Get one page, with all its redirects in `seconds` of wall clock.

    `check` is called with the URL before each request, and with the seconds that are left; it may raise `Rejected`. Of
    a body, at most `max_bytes` are read; with `whole`, a part is of no use and a longer one is `too_large`.
    """
    start = time.monotonic()
    place = canonical(url)
    visit = _Visit(deployment.allowed if allowed is None else allowed, max_bytes, start, seconds)
    for _ in range(_REDIRECTS + 1):
        if check:
            check(place, visit.left)
        _go(visit, place)
        if visit.location is None:
            break
        place = redirected(place, visit.location)
    else:
        raise Rejected("redirect_loop", f"{host_of(place)} redirects more than {_REDIRECTS} times.")
    if whole and visit.cut:
        raise Rejected("too_large", f"{host_of(place)} sends more than {max_bytes} bytes.")
    kind = visit.curl.getinfo(pycurl.CONTENT_TYPE) or ""
    return FetchedPage(
        url=place,
        status=visit.curl.getinfo(pycurl.RESPONSE_CODE),
        content_type=kind.partition(";")[0].strip().lower(),
        charset=name_of(charset_in(kind)),
        body=bytes(visit.body),
        truncated=visit.cut,
        took_ms=round((time.monotonic() - start) * 1000),
        retry_after=visit.retry_after,
    )


def _go(visit: "_Visit", url: str) -> None:
    """Request one URL unless its host must not be asked now, and record whether the host answered."""
    host = place_of(url)
    deployment.circuits.check(host)
    try:
        visit.go(url)
    except Rejected as error:
        if error.code in _HOSTS_FAULT:
            deployment.circuits.failed(host)
        raise
    if visit.curl.getinfo(pycurl.RESPONSE_CODE) >= SERVER_ERROR and visit.retry_after is None:
        deployment.circuits.failed(host)
    else:
        deployment.circuits.answered(host)


class _Visit:
    """One fetch: libcurl's handle, and what its callbacks received."""

    def __init__(self, allowed: Allowed, max_bytes: int, start: float, seconds: float) -> None:
        self.allowed, self.max_bytes, self.start, self.seconds = allowed, max_bytes, start, seconds
        self.body = bytearray()
        self.cut = False
        self.location: str | None = None
        self.retry_after: int | None = None
        self._header_bytes = 0
        self._redirecting, self._busy = False, False
        self._opened = False
        self._refused = False
        self.curl = pycurl.Curl()
        for option, value in {
            pycurl.PROTOCOLS: pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS,
            pycurl.PROXY: "",  # no proxy of the environment: it would connect in our place
            pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_1_1,
            pycurl.CAINFO: certifi.where(),
            pycurl.NOSIGNAL: 1,  # fetches run in threads side by side
            pycurl.ACCEPT_ENCODING: "",
            pycurl.COOKIEFILE: "",  # keep cookies in memory, for the redirects of this fetch only
            pycurl.USERAGENT: deployment.user_agent,
            pycurl.OPENSOCKETFUNCTION: self._open,
            pycurl.HEADERFUNCTION: self._header,
            pycurl.WRITEFUNCTION: self._write,
        }.items():
            self.curl.setopt(option, value)

    @property
    def left(self) -> float:
        """The seconds that are left; none when it is negative."""
        return self.seconds - (time.monotonic() - self.start)

    def go(self, url: str) -> None:
        """Request one URL; afterwards `location` is where it redirects to, or None."""
        self.body.clear()
        self.location, self.retry_after = None, None
        self._redirecting, self._busy, self._opened, self._refused = False, False, False, False
        self.curl.setopt(pycurl.URL, url)
        self.curl.setopt(pycurl.TIMEOUT_MS, max(1, int(self.left * 1000)))
        try:
            self.curl.perform()
        except pycurl.error as error:
            if not self.cut and self.location is None:
                raise self._reason(error.args[0], host_of(url)) from error

    def _reason(self, number: int, host: str) -> Exception:
        if number in _OURS:
            return RuntimeError(f"libcurl: {number}")
        if self._header_bytes > _HEADER_BYTES:
            return Rejected("too_large", f"{host} sends more than {_HEADER_BYTES} bytes of headers.")
        if self._refused and not self._opened:
            return Rejected("forbidden_address", f"{host} is at an address or port that may not be fetched from here.")
        code, sentence = _CODES.get(number, ("bad_answer", "{host} did not answer as a web server does."))
        return Rejected(code, sentence.format(host=host, seconds=self.seconds))

    def _open(self, _purpose: int, address: Any) -> Any:
        if not self.allowed.permits(*address.addr[:2]):
            self._refused = True
            return pycurl.SOCKET_BAD
        self._opened = True
        return socket.socket(address.family, address.socktype, address.protocol)

    def _header(self, line: bytes) -> int | None:
        self._header_bytes += len(line)
        if self._header_bytes > _HEADER_BYTES:
            return -1
        if line.startswith(b"HTTP/"):
            self._redirecting, self._busy = bool(_REDIRECTING.match(line)), bool(_BUSY.match(line))
        name, _, value = line.partition(b":")
        if self._redirecting and name.lower() == b"location":
            self.location = value.decode("utf-8", "replace")
        if self._busy and name.lower() == b"retry-after":
            self.retry_after = seconds_until(value.decode("latin-1"))
        return None

    def _write(self, chunk: bytes) -> int | None:
        if self.location is not None:
            return -1  # the body of a redirect is of no use
        room = self.max_bytes - len(self.body)
        self.body += chunk[:room]
        self.cut = len(chunk) > room
        return -1 if self.cut else None

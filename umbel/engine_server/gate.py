"""Who may ask the local engine: programs, and the deployment's own page. Nobody else's web page.

The engine checks no signature and answers every origin, so that any page in a browser on this machine could create a
function and run it. The gate stands before it, as ASGI middleware for HTTP and sockets alike, and refuses with 403

- a `Host` that is neither of the loopback nor configured: a name that somebody else pointed at 127.0.0.1;
- an `Origin` other than the page's own, `null` included;
- `Sec-Fetch-Site: cross-site` or `same-site` without an `Origin` of ours: pictures, forms and links in foreign pages;
- a browser's request with `Action` in its query, which calls an API: browsers send no `Origin` with a GET, no
  `Sec-Fetch-Site` over plain HTTP to a host that is not of the loopback, and `none` where an address that was typed
  redirects to here. The page itself sends no such request.

Programs send none of these headers; browsers let no page leave them out or change them.

Links that the deployment signs name one address. A browser that opens the page under another name of this machine is
redirected there, because it would call pictures from the other name `cross-site`.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from typing import Any
from urllib.parse import parse_qs

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:(?P<port>[0-9]{1,5}))?", re.IGNORECASE | re.ASCII)
_BLANK = " \t"
_GO = "To open this address, click into the address bar and press Enter."


class Gate:
    """An ASGI application that lets through to `engine` what may pass.

    `hosts` are the names under which browsers reach the engine besides those of the loopback, as `name` or
    `name:port`; links name the first.
    """

    def __init__(self, engine: App, port: int, hosts: Sequence[str] = ()) -> None:
        self._engine = engine
        self._port = port
        self._names = frozenset(name for host in hosts if (name := _name(host)))
        home = hosts[0] if hosts else "127.0.0.1"
        self._home = (home if _port(home) else f"{home}:{port}").lower()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, redirect it, or answer it with 403 before the engine sees it."""
        if scope["type"] == "lifespan":
            await self._engine(scope, receive, send)
            return
        headers = _read(scope["headers"])
        reason = self.refusal(headers, scope.get("query_string", b""))
        if scope["type"] != "http":
            if reason is None:
                await self._engine(scope, receive, send)
            else:
                # A socket that is closed before it was accepted is answered with 403 by the server.
                await send({"type": "websocket.close", "code": 1008})
        elif reason is not None:
            await _refuse(send, reason, navigating=_is_navigation(headers))
        elif place := self.redirect_target(scope, headers):
            await _answer(send, 307, b"", (b"location", place), (b"cache-control", b"no-store"))
        else:
            await self._engine(scope, receive, send)

    def refusal(self, headers: Mapping[str, Sequence[str]], query: bytes = b"") -> str | None:
        """Say why a request with these headers may not pass; None when it may."""
        hosts = headers.get("host", ())
        if len(hosts) != 1 or not self._is_here(hosts[0]):
            return f"the Host {', '.join(hosts) or '(none)'} is neither this machine's nor named by UMBEL_HOST"
        origins = headers.get("origin", ())
        for origin in origins:
            if not self._is_own(origin, hosts[0]):
                return f"the page at {origin} is not the deployment's own"
        if origins:
            return None
        if any(site.lower() not in {"same-origin", "none"} for site in headers.get("sec-fetch-site", ())):
            return "the page of another site asks"
        if _is_browser(headers) and "Action" in parse_qs(query.decode("latin-1"), keep_blank_values=True):
            return "browsers may not call the engine's APIs"
        return None

    def redirect_target(self, scope: Scope, headers: Mapping[str, Sequence[str]]) -> bytes | None:
        """Return the address under which a page that a person opens works; None when it is this one.

        A forwarded port that is not configured stays as it is: where the links' address leads from there is unknown.
        """
        host = headers["host"][0].lower()
        path: bytes = scope.get("raw_path") or b""
        opened = scope["method"] == "GET" and _is_navigation(headers)
        # What a page links to goes on as it is: after a redirect the browser would call it `cross-site`.
        if not opened or headers.get("sec-fetch-site", ["none"]) != ["none"]:
            return None
        if host == self._home or _port(host) != self._port or not path.startswith(b"/"):
            return None
        query: bytes = scope.get("query_string", b"")
        return b"http://" + self._home.encode() + path.partition(b"?")[0] + (b"?" + query if query else b"")

    def _is_here(self, host: str) -> bool:
        """Whether a `Host` names this machine: a name of the loopback, or a configured one."""
        name = _name(host)
        return name is not None and (name in self._names or _is_loopback(name))

    def _is_own(self, origin: str, host: str) -> bool:
        """Whether an `Origin` is the page's own: where the request goes to, or another of the loopback's names."""
        scheme, _, place = origin.partition("://")
        if scheme not in {"http", "https"} or not _HOST.fullmatch(place):
            return False
        # A forwarded port: the browser reaches page and API under one address, whatever the engine's own port is.
        if place.lower() == host.lower():
            return True
        names = (_name(place), _name(host))
        return scheme == "http" and _port(place) == self._port and all(name and _is_loopback(name) for name in names)


def _read(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, list[str]]:
    """Each header's values, in the order sent, under its name in lower case."""
    sent: dict[str, list[str]] = {}
    for name, value in headers:
        sent.setdefault(name.decode("latin-1").lower().strip(_BLANK), []).append(value.decode("latin-1").strip(_BLANK))
    return sent


def _name(host: str) -> str | None:
    """The name in a `Host`, in lower case and without the dot that may end it; None when it is malformed."""
    found = _HOST.fullmatch(host)
    return found["name"].lower().removesuffix(".") if found else None


def _port(host: str) -> int | None:
    found = _HOST.fullmatch(host)
    return int(found["port"]) if found and found["port"] else None


def _is_loopback(name: str) -> bool:
    """Whether a name cannot lead away from this machine, whoever answers for it."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _is_navigation(headers: Mapping[str, Sequence[str]]) -> bool:
    """Whether a browser opens a page in a tab. To a named host over HTTP it sends only `Upgrade-Insecure-Requests`."""
    modes = headers.get("sec-fetch-mode", ())
    if modes:
        return "navigate" in modes and "document" in headers.get("sec-fetch-dest", ["document"])
    return headers.get("upgrade-insecure-requests") == ["1"]


def _is_browser(headers: Mapping[str, Sequence[str]]) -> bool:
    return any(name.startswith("sec-fetch-") for name in headers) or any(
        agent.startswith("Mozilla/") for agent in headers.get("user-agent", ())
    )


async def _refuse(send: Send, reason: str, *, navigating: bool) -> None:
    said = f"Refused: {reason}. Only programs and Umbel's own page may ask the local engine."
    if navigating:
        await _answer(send, 403, f"{said}\n\n{_GO}\n".encode(), (b"content-type", b"text/plain; charset=utf-8"))
    else:
        body = json.dumps({"error": {"code": "forbidden", "message": said}}).encode()
        await _answer(send, 403, body, (b"content-type", b"application/json"))


async def _answer(send: Send, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    own = ((b"content-length", str(len(body)).encode()), (b"x-content-type-options", b"nosniff"))
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *own]})
    await send({"type": "http.response.body", "body": body})

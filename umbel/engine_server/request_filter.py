"""Refuse requests to the local engine from web pages other than the deployment's own page.

The engine checks no signatures and answers every origin, so any page in a browser on this machine could create a
function and run it. This ASGI middleware, for HTTP and WebSockets, answers 403 to a request with

- a `Host` that is neither a loopback name nor configured: DNS rebinding, a foreign name that resolves to 127.0.0.1;
- an `Origin` other than the page's own, `null` included;
- `Sec-Fetch-Site: cross-site` or `same-site` without an `Origin` of ours: pictures, forms and links in foreign pages;
- `Action` in the query, sent by a browser: this calls an API. The headers above do not cover it: browsers send no
  `Origin` with a GET, no `Sec-Fetch-Site` over plain HTTP to a host that is not a loopback name, and the value `none`
  after a redirect from a URL that was typed. The page itself sends no such request.

Programs send none of these headers; a page cannot remove or change the headers that the browser sends.

The links that the deployment signs have one host name. A browser that opens the page by another name of this machine is
redirected to that host name, because otherwise its requests for pictures would be `cross-site`.
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
_ADVICE = "To open this URL, click into the address bar and press Enter."


class RequestFilter:
    """An ASGI application that passes allowed requests on to `engine`.

    `hosts` are the names that browsers may use besides the loopback names, as `name` or `name:port`. Links have the
    first of them.
    """

    def __init__(self, engine: App, port: int, hosts: Sequence[str] = ()) -> None:
        self._engine = engine
        self._port = port
        self._names = frozenset(name for host in hosts if (name := _name(host)))
        host = hosts[0] if hosts else "127.0.0.1"
        self._link_host = (host if _port(host) else f"{host}:{port}").lower()

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
                # The server answers 403 for a WebSocket that is closed before it was accepted.
                await send({"type": "websocket.close", "code": 1008})
        elif reason is not None:
            await _refuse(send, reason, navigating=_is_navigation(headers))
        elif url := self.redirect_target(scope, headers):
            await _answer(send, 307, b"", (b"location", url), (b"cache-control", b"no-store"))
        else:
            await self._engine(scope, receive, send)

    def refusal(self, headers: Mapping[str, Sequence[str]], query: bytes = b"") -> str | None:
        """Return why a request with these headers is refused; None when it is allowed."""
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
            return "a page of another site sent the request"
        if _is_browser(headers) and "Action" in parse_qs(query.decode("latin-1"), keep_blank_values=True):
            return "browsers may not call the engine's APIs"
        return None

    def redirect_target(self, scope: Scope, headers: Mapping[str, Sequence[str]]) -> bytes | None:
        """Return the URL to redirect to when a person opens the page by another name than the links have, else None.

        Requests through a forwarded port that is not configured are not redirected: it is not known whether the links'
        host name can be reached from there.
        """
        host = headers["host"][0].lower()
        path: bytes = scope.get("raw_path") or b""
        is_opened = scope["method"] == "GET" and _is_navigation(headers)
        # A link in a page is not redirected: after the redirect the browser would send `cross-site`.
        if not is_opened or headers.get("sec-fetch-site", ["none"]) != ["none"]:
            return None
        if host == self._link_host or _port(host) != self._port or not path.startswith(b"/"):
            return None
        query: bytes = scope.get("query_string", b"")
        return b"http://" + self._link_host.encode() + path.partition(b"?")[0] + (b"?" + query if query else b"")

    def _is_here(self, host: str) -> bool:
        """Return whether a `Host` names this machine: it is a loopback name or a configured one."""
        name = _name(host)
        return name is not None and (name in self._names or _is_loopback(name))

    def _is_own(self, origin: str, host: str) -> bool:
        """Return whether an `Origin` is the page's own: equal to the `Host`, or both are loopback names."""
        scheme, _, origin_host = origin.partition("://")
        if scheme not in {"http", "https"} or not _HOST.fullmatch(origin_host):
            return False
        # Also right for a forwarded port, which differs from the engine's own.
        if origin_host.lower() == host.lower():
            return True
        names = (_name(origin_host), _name(host))
        has_own_port = scheme == "http" and _port(origin_host) == self._port
        return has_own_port and all(name and _is_loopback(name) for name in names)


def _read(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, list[str]]:
    """Return header name in lower case -> its values in the order in which they were sent."""
    sent: dict[str, list[str]] = {}
    for name, value in headers:
        sent.setdefault(name.decode("latin-1").lower().strip(_BLANK), []).append(value.decode("latin-1").strip(_BLANK))
    return sent


def _name(host: str) -> str | None:
    """Return the name in a `Host`, in lower case and without a final dot; None when it is malformed."""
    found = _HOST.fullmatch(host)
    return found["name"].lower().removesuffix(".") if found else None


def _port(host: str) -> int | None:
    found = _HOST.fullmatch(host)
    return int(found["port"]) if found and found["port"] else None


def _is_loopback(name: str) -> bool:
    """Return whether a name always means this machine, whatever DNS says."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _is_navigation(headers: Mapping[str, Sequence[str]]) -> bool:
    """Return whether a browser opens a page in a tab.

    Over plain HTTP to a host that is not a loopback name it sends `Upgrade-Insecure-Requests` and no `Sec-Fetch-*`.
    """
    modes = headers.get("sec-fetch-mode", ())
    if modes:
        return "navigate" in modes and "document" in headers.get("sec-fetch-dest", ["document"])
    return headers.get("upgrade-insecure-requests") == ["1"]


def _is_browser(headers: Mapping[str, Sequence[str]]) -> bool:
    return any(name.startswith("sec-fetch-") for name in headers) or any(
        agent.startswith("Mozilla/") for agent in headers.get("user-agent", ())
    )


async def _refuse(send: Send, reason: str, *, navigating: bool) -> None:
    message = f"Refused: {reason}. Only programs and Umbel's own page may send requests to the local engine."
    if navigating:
        await _answer(send, 403, f"{message}\n\n{_ADVICE}\n".encode(), (b"content-type", b"text/plain; charset=utf-8"))
    else:
        body = json.dumps({"error": {"code": "forbidden", "message": message}}).encode()
        await _answer(send, 403, body, (b"content-type", b"application/json"))


async def _answer(send: Send, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    own = ((b"content-length", str(len(body)).encode()), (b"x-content-type-options", b"nosniff"))
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *own]})
    await send({"type": "http.response.body", "body": body})

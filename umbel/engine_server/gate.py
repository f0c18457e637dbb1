"""Who may ask the local engine: programs of this machine and the deployment's own page. Nobody else's web page.

The engine checks no signature and answers every origin, so that any page in a browser on this machine could create a
function and run it. The gate stands before it, as ASGI middleware for HTTP and sockets alike, and refuses with 403

- a `Host` that is neither of the loopback nor configured: a name that somebody else pointed at 127.0.0.1;
- an `Origin` other than the page's own, `null` included;
- `Sec-Fetch-Site: cross-site` or `same-site` without an `Origin` of ours: pictures, forms and links in foreign pages.

Programs send none of these two headers; browsers let no page leave them out or change them.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:(?P<port>\d{1,5}))?", re.IGNORECASE)


class Gate:
    """An ASGI application that lets through to `engine` what may pass; `hosts` are further names of this machine."""

    def __init__(self, engine: App, port: int, hosts: Iterable[str] = ()) -> None:
        self._engine = engine
        self._port = port
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with 403 before the engine sees it."""
        if scope["type"] not in {"http", "websocket"}:
            await self._engine(scope, receive, send)
            return
        reason = self.refusal(scope["headers"])
        if reason is None:
            await self._engine(scope, receive, send)
        elif scope["type"] == "http":
            await _answer(send, 403, _refused(reason))
        else:
            # A socket that is closed before it was accepted is answered with 403 by the server.
            await send({"type": "websocket.close", "code": 1008})

    def refusal(self, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
        """Say why these headers may not pass; None when they may."""
        sent: dict[str, list[str]] = {}
        for name, value in headers:
            sent.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1").strip())
        hosts = sent.get("host", [])
        if len(hosts) != 1 or not self._is_here(hosts[0]):
            return f"the Host {', '.join(hosts) or '(none)'} is not this machine's"
        origins = sent.get("origin", [])
        for origin in origins:
            if not self._is_own(origin, hosts[0]):
                return f"the page at {origin} is not the deployment's own"
        sites = sent.get("sec-fetch-site", [])
        if not origins and any(site.lower() not in {"same-origin", "none"} for site in sites):
            return "another site's page asks; a link to here works when it is put into the address bar"
        return None

    def _is_here(self, host: str) -> bool:
        """Whether a `Host` names this machine: a loopback address, `localhost` or below it, or a configured name."""
        found = _HOST.fullmatch(host)
        if found is None:
            return False
        name = found["name"].lower().rstrip(".")
        if name == "localhost" or name.endswith(".localhost") or name in self._hosts:
            return True
        try:
            return ipaddress.ip_address(name.strip("[]")).is_loopback
        except ValueError:
            return False

    def _is_own(self, origin: str, host: str) -> bool:
        """Whether an `Origin` is the page's own: where the request goes to, or another of the engine's names."""
        parts = urlsplit(origin)
        if parts.scheme not in {"http", "https"} or not parts.netloc or origin != f"{parts.scheme}://{parts.netloc}":
            return False
        # A forwarded port: the browser reaches page and API under one address, whatever the engine's own port is.
        if parts.netloc.lower() == host.lower():
            return True
        try:
            return parts.port == self._port and self._is_here(parts.netloc)
        except ValueError:
            return False


def _refused(reason: str) -> dict[str, Any]:
    said = f"Refused: {reason}. Only programs on this machine and Umbel's own page may ask the local engine."
    return {"error": {"code": "forbidden", "message": said}}


async def _answer(send: Send, status: int, body: dict[str, Any]) -> None:
    content = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})

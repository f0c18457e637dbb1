"""Requests to the paths that Umbel adds to the engine. Only programs on this machine may send them, by POST."""

from __future__ import annotations

import json
from typing import Any

from umbel.engine_server.request_filter import Receive, Scope, Send


async def read(scope: Scope, receive: Receive, send: Send) -> bytes | None:
    """Return the body of a request to a path of ours; answer 403 and return None when a browser sent it."""
    sent = {name.lower() for name, _ in scope["headers"]}
    if scope["method"] != "POST" or b"origin" in sent or any(name.startswith(b"sec-fetch-") for name in sent):
        await answer(send, 403, {"reason": "only programs may request this, by POST"})
        return None
    body = b""
    while (message := await receive())["type"] == "http.request":
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return body


async def answer(send: Send, status: int, body: dict[str, Any]) -> None:
    """Answer in JSON."""
    content = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})

"""When the engine's state is saved: while nothing changes, on request, and before an orderly end.

Stands between the gate and the engine. For the moment of a snapshot it holds new requests, which wait, and lets those
in flight end, so that all services are saved as they are at one point. Requests that wait for a function are not waited
for: the function asks the engine itself, and is held there. To the restored state it looks like a function that died in
mid-call, which every part of the pipeline is made for.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
import time
from pathlib import Path
from typing import Any

from umbel.engine_server.gate import App, Message, Receive, Scope, Send
from umbel.engine_server.taking import Taker, Unsaved
from umbel.snapshots import Manifest

PATH = "/_umbel/snapshot"
"""POST by programs of this machine alone; `{"final": true}` leaves requests held, for an engine that is to end."""

_EVERY = 60.0
_IDLE = 3.0
"""Seconds without a write before a snapshot is taken by itself."""
_AT_LATEST = 300.0
"""Seconds after which it is taken although something is written all the time."""
_ENDS_WITHIN = 5.0
_LOOKS_EVERY = 1.0
_HEALTH = ("/_ministack/health", "/_localstack/health", "/health")
_CALLS = re.compile(r"/(_aws/(execute-api|lambda-url)|restapis|2015-03-31/functions)/")
_READS = re.compile(r"(^|\.)(Get|Query|Scan|BatchGet|List|Describe|Head|Receive)[A-Za-z]*$")

_log = logging.getLogger("umbel")


class Saving:
    """An ASGI application that passes everything on to `engine` and has `taker` save its state.

    `allowed` is a file that is there while the state is worth saving: the last deployment ended well.
    """

    def __init__(self, engine: App, taker: Taker, allowed: Path) -> None:
        self._engine = engine
        self._taker = taker
        self._allowed = allowed
        self._open = asyncio.Event()
        self._open.set()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._in_flight = 0
        self._writes = 0
        self._saved_writes = -1
        self._wrote_at = self._saved_at = float("-inf")
        self._since = time.monotonic()
        self._one = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, when no snapshot is being taken."""
        if scope["type"] == "lifespan":
            await self._engine(scope, self._at_end(receive), self._at_start(send))
        elif scope["type"] == "http" and scope["path"] == PATH:
            await self._requested(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] in _HEALTH:
            await self._engine(scope, receive, send)
        elif scope["type"] == "http":
            await self._pass(scope, receive, send)
        else:
            await self._open.wait()
            await self._engine(scope, receive, send)

    async def save(self, *, final: bool = False) -> Manifest:
        """Take a snapshot now; raises Unsaved with the reason when that is not possible."""
        async with self._one:
            if not self._allowed.parent.is_dir():
                raise Unsaved("its folder was deleted")
            if not self._allowed.exists():
                raise Unsaved("the last deployment did not end well")
            try:
                self._open.clear()
                began = time.monotonic()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._quiet.wait(), _ENDS_WITHIN)
                writes = self._writes
                collected = self._taker.collect()
                held = time.monotonic() - began
                if not final:
                    self._open.set()
                manifest = await asyncio.to_thread(self._taker.store, *collected)
            except BaseException as error:
                self._open.set()
                self._taker.discard()
                if isinstance(error, Unsaved | asyncio.CancelledError):
                    raise
                raise Unsaved(_reason(error)) from error
            self._saved_writes, self._saved_at = writes, time.monotonic()
            took = self._saved_at - began
            _log.warning("saved in %.2f s, requests were held for %.2f s", took, held)
            return manifest

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._open.wait()
        action = _action(scope)
        if scope["method"] not in {"GET", "HEAD"} and not _READS.search(action):
            self._writes += 1
            self._wrote_at = time.monotonic()
        if _waits(scope, action):
            await self._engine(scope, receive, send)
            return
        self._in_flight += 1
        self._quiet.clear()
        try:
            await self._engine(scope, receive, send)
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._quiet.set()

    async def _requested(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent = {name.lower() for name, _ in scope["headers"]}
        if scope["method"] != "POST" or b"origin" in sent or any(name.startswith(b"sec-fetch-") for name in sent):
            await _answer(send, 403, {"reason": "only programs may ask for this, by POST"})
            return
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        try:
            manifest = await self.save(final=_is_final(body))
        except Unsaved as error:
            await _answer(send, 409, {"reason": str(error)})
        else:
            await _answer(send, 200, {"taken_at": manifest.taken_at, "objects": manifest.objects})

    async def _watch(self) -> None:
        """Save whenever something changed and the time for it has come."""
        failed_at = float("-inf")
        while True:
            await asyncio.sleep(_LOOKS_EVERY)
            now = time.monotonic()
            if self._writes == self._saved_writes or not self._allowed.exists() or now - failed_at < _EVERY:
                continue
            idle = now - self._wrote_at >= _IDLE and now - self._saved_at >= _EVERY
            if not idle and now - max(self._saved_at, self._since) < _AT_LATEST:
                continue
            try:
                await self.save()
            except Unsaved as error:
                failed_at = now
                _log.warning("the state could not be saved: %s", error)

    def _at_start(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                self._since = time.monotonic()
                self._watching = asyncio.create_task(self._watch())
            await send(message)

        return sending

    def _at_end(self, receive: Receive) -> Receive:
        async def receiving() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                # The machine shuts down, or somebody ended the process with SIGTERM.
                if self._watching:
                    self._watching.cancel()
                if self._writes != self._saved_writes:
                    try:
                        await self.save(final=True)
                    except Unsaved as error:
                        _log.warning("the state could not be saved at the end: %s", error)
            return message

        return receiving


def _waits(scope: Scope, action: str) -> bool:
    """Whether a request waits for a function, or for a message."""
    host = next((value for name, value in scope["headers"] if name.lower() == b"host"), b"")
    return bool(_CALLS.match(scope["path"]) or b".execute-api." in host or action.endswith(".ReceiveMessage"))


def _action(scope: Scope) -> str:
    """Return `Service.Action` of a request in AWS's JSON protocols, else an empty text."""
    return next((value for name, value in scope["headers"] if name.lower() == b"x-amz-target"), b"").decode("latin-1")


def _is_final(body: bytes) -> bool:
    try:
        return bool(json.loads(body or b"{}")["final"])
    except (ValueError, TypeError, KeyError):
        return False


def _reason(error: BaseException) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


async def _answer(send: Send, status: int, body: dict[str, Any]) -> None:
    content = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})

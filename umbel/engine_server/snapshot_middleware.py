"""Save the engine's state: after a pause in the writes, on request, and before the engine ends.

This ASGI middleware is between the request filter and the engine. During a snapshot new requests wait, and the requests
in flight end, so that all services are saved at one point in time. Requests that call a function are the exception: the
function's own requests to the engine wait, so waiting for its end would be a deadlock. In the restored state it looks
like a function that crashed while it ran, which every part of the pipeline handles.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
import time
from pathlib import Path

from umbel.engine_server import own_requests
from umbel.engine_server.request_filter import App, Message, Receive, Scope, Send
from umbel.engine_server.snapshot_writer import SnapshotError, SnapshotWriter
from umbel.snapshots import SnapshotManifest

PATH = "/_umbel/snapshot"
"""POST takes a snapshot; only programs on this machine may call it. With `{"final": true}` requests wait forever after
it, for an engine that is about to be stopped."""

_MIN_INTERVAL = 60.0
"""Seconds between two automatic snapshots, at least."""
_IDLE_TIME = 3.0
"""Seconds without a write before an automatic snapshot."""
_MAX_INTERVAL = 300.0
"""Seconds after which an automatic snapshot is taken although writes go on."""
_DRAIN_TIMEOUT = 5.0
_CHECK_INTERVAL = 1.0
_HEALTH = ("/_ministack/health", "/_localstack/health", "/health")
_FUNCTION_CALLS = re.compile(r"/(_aws/(execute-api|lambda-url)|restapis|2015-03-31/functions)/")
_READS = re.compile(r"(^|\.)(Get|Query|Scan|BatchGet|List|Describe|Head|Receive)[A-Za-z]*$")

_log = logging.getLogger("umbel")


class SnapshotMiddleware:
    """An ASGI application that passes requests on to `engine` and saves its state with `writer`.

    The state is saved only while the file `allowed` exists: after a deployment that succeeded.
    """

    def __init__(self, engine: App, writer: SnapshotWriter, allowed: Path) -> None:
        self._engine = engine
        self._writer = writer
        self._allowed = allowed
        self._accepting = asyncio.Event()
        self._accepting.set()
        self._drained = asyncio.Event()
        self._drained.set()
        self._in_flight = 0
        self._writes = 0
        self._saved_writes = -1
        self._last_write_at = self._saved_at = float("-inf")
        self._started_at = time.monotonic()
        self._snapshot_lock = asyncio.Lock()
        self._save_task: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; during a snapshot wait first."""
        if scope["type"] == "lifespan":
            await self._engine(scope, self._at_end(receive), self._at_start(send))
        elif scope["type"] == "http" and scope["path"] == PATH:
            await self._answer_save_request(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] in _HEALTH:
            await self._engine(scope, receive, send)
        elif scope["type"] == "http":
            await self._pass_on(scope, receive, send)
        else:
            await self._accepting.wait()
            await self._engine(scope, receive, send)

    async def save(self, *, final: bool = False) -> SnapshotManifest:
        """Take a snapshot now; raise SnapshotError with the reason when that is not possible."""
        async with self._snapshot_lock:
            if not self._allowed.parent.is_dir():
                raise SnapshotError("its folder was deleted")
            if not self._allowed.exists():
                raise SnapshotError("the last deployment failed")
            try:
                self._accepting.clear()
                began = time.monotonic()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._drained.wait(), _DRAIN_TIMEOUT)
                writes = self._writes
                collected = self._writer.collect()
                waited = time.monotonic() - began
                if not final:
                    self._accepting.set()
                manifest = await asyncio.to_thread(self._writer.store, *collected)
            except BaseException as error:
                self._accepting.set()
                self._writer.discard()
                if isinstance(error, SnapshotError | asyncio.CancelledError):
                    raise
                raise SnapshotError(_reason(error)) from error
            self._saved_writes, self._saved_at = writes, time.monotonic()
            took = self._saved_at - began
            _log.warning("saved in %.2f s, requests waited for %.2f s", took, waited)
            return manifest

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._accepting.wait()
        action = _action(scope)
        if scope["method"] not in {"GET", "HEAD"} and not _READS.search(action):
            self._writes += 1
            self._last_write_at = time.monotonic()
        if _may_take_long(scope, action):
            await self._engine(scope, receive, send)
            return
        self._in_flight += 1
        self._drained.clear()
        try:
            await self._engine(scope, receive, send)
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._drained.set()

    async def _answer_save_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await own_requests.read(scope, receive, send)
        if body is None:
            return
        try:
            manifest = await self.save(final=_is_final(body))
        except SnapshotError as error:
            await own_requests.answer(send, 409, {"reason": str(error)})
        else:
            await own_requests.answer(send, 200, {"taken_at": manifest.taken_at, "objects": manifest.objects})

    async def _save_regularly(self) -> None:
        """Save whenever something was written and the intervals above allow a snapshot."""
        failed_at = float("-inf")
        while True:
            await asyncio.sleep(_CHECK_INTERVAL)
            now = time.monotonic()
            if self._writes == self._saved_writes or not self._allowed.exists() or now - failed_at < _MIN_INTERVAL:
                continue
            is_idle = now - self._last_write_at >= _IDLE_TIME and now - self._saved_at >= _MIN_INTERVAL
            if not is_idle and now - max(self._saved_at, self._started_at) < _MAX_INTERVAL:
                continue
            try:
                await self.save()
            except SnapshotError as error:
                failed_at = now
                _log.warning("the state could not be saved: %s", error)

    def _at_start(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                self._started_at = time.monotonic()
                self._save_task = asyncio.create_task(self._save_regularly())
            await send(message)

        return sending

    def _at_end(self, receive: Receive) -> Receive:
        async def receiving() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                # The machine shuts down, or the process got SIGTERM.
                if self._save_task:
                    self._save_task.cancel()
                if self._writes != self._saved_writes:
                    try:
                        await self.save(final=True)
                    except SnapshotError as error:
                        _log.warning("the state could not be saved at the end: %s", error)
            return message

        return receiving


def _may_take_long(scope: Scope, action: str) -> bool:
    """Return whether a request may take long because it calls a function or polls for a message."""
    host = next((value for name, value in scope["headers"] if name.lower() == b"host"), b"")
    return bool(_FUNCTION_CALLS.match(scope["path"]) or b".execute-api." in host or action.endswith(".ReceiveMessage"))


def _action(scope: Scope) -> str:
    """Return `Service.Action` of a request in one of AWS's JSON protocols, else an empty string."""
    return next((value for name, value in scope["headers"] if name.lower() == b"x-amz-target"), b"").decode("latin-1")


def _is_final(body: bytes) -> bool:
    try:
        return bool(json.loads(body or b"{}")["final"])
    except (ValueError, TypeError, KeyError):
        return False


def _reason(error: BaseException) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__

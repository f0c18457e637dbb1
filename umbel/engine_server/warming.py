"""Start functions before their first event, and keep a burst of API requests from starting many at once.

A cold start costs half a second of CPU time here, because the engine unpacks the layers for each process.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import threading
import time
import uuid
from typing import Any

from umbel.engine_server import own_requests
from umbel.engine_server.request_filter import App, Receive, Scope, Send

PATH = "/_umbel/warm"
"""POST starts the functions in the body, `[[name, event], ...]`, one after another in the background."""
MOST_API_REQUESTS = max(2, os.cpu_count() or 2)
"""API requests that the engine processes at a time. Others wait: each would start one more process of the API and of
its authorizer, which share this machine's processors, so that all would be slower.
"""
_API = re.compile(r"/(_aws/execute-api|restapis)/")
_CONNECTIONS = "/@connections/"
"""Part of the paths at which functions send to WebSocket connections."""

_log = logging.getLogger("umbel")


class Warming:
    """An ASGI application that answers requests to start functions, and passes all others on to `engine`."""

    def __init__(self, engine: App) -> None:
        self._engine = engine
        self._api_requests = asyncio.Semaphore(MOST_API_REQUESTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Start functions, or pass the request on; a request to the API waits for its turn."""
        if scope["type"] != "http":
            await self._engine(scope, receive, send)
        elif scope["path"] == PATH:
            await self._start(scope, receive, send)
        elif _API.match(scope["path"]) and _CONNECTIONS not in scope["path"]:
            async with self._api_requests:
                await self._engine(scope, receive, send)
        else:
            await self._engine(scope, receive, send)

    async def _start(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (body := await own_requests.read(scope, receive, send)) is not None:
            # A daemon, so that the engine can stop meanwhile.
            threading.Thread(target=_warm_all, args=[json.loads(body)], name="warming", daemon=True).start()
            await own_requests.answer(send, 202, {})


def _warm_all(calls: list[tuple[str, dict[str, Any]]]) -> None:
    for name, event in calls:
        try:
            _warm(name, event)
        except Exception:  # noqa: BLE001 - whatever it is, the other functions are warmed
            _log.exception("%s was not warmed", name)


def _warm(name: str, event: dict[str, Any]) -> None:
    """Run a function once, unless a process of it runs already.

    Unlike an invocation it takes no place of the function's reserved concurrency: when the places are taken, the engine
    hides a lane's next messages for the whole visibility timeout of their queue.
    """
    # Only the engine's own environment has this package.
    from ministack.core import lambda_runtime  # type: ignore[import-not-found]  # noqa: PLC0415
    from ministack.services import lambda_svc  # type: ignore[import-not-found]  # noqa: PLC0415

    function = lambda_svc._functions[name]
    config = function["config"]
    if not lambda_runtime._workers.get(lambda_runtime._worker_key(name, config, "$LATEST")):
        lambda_svc._execute_function_dispatch(function, config, event, str(uuid.uuid4()), time.time())

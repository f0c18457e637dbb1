"""Follow jobs until they end: by the socket while there is one, by asking now and then when there is not."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal
from urllib.parse import quote

import msgspec
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from umbel.client import ApiError, Client
from umbel.records import Board, Job, Task

_ASK_EVERY = 2.0
"""Seconds of silence after which jobs are asked for; the socket may be lost, or a message."""
_TICK = 0.2
_PING_EVERY = 300.0
"""The service cuts a socket that is silent for ten minutes."""
_EVERYTHING = "*"


class Feed:
    """Changes of the followed jobs. `follow` and `forget` may be called from any thread; `changes` belongs to one.

    With `everything`, one subscription stands for all: for those who follow many jobs, each for a moment.
    """

    def __init__(self, client: Client, *, everything: bool = False) -> None:
        self._client = client
        self._everything = everything
        self.board = Board()
        self._followed: set[str] = set()
        self._fresh = self._topics()
        self._lock = threading.Lock()
        self._socket: ClientConnection | None = None
        self._open = contextlib.ExitStack()

    def follow(self, job: str) -> None:
        """Follow one more job."""
        with self._lock:
            self._followed.add(job)
            if not self._everything:
                self._fresh.append(job)

    def forget(self, job: str) -> None:
        """Follow one job less: nothing more of it is told or kept."""
        with self._lock:
            self._followed.discard(job)
            self.board.jobs.pop(job, None)

    def changes(self, until: Callable[[], bool]) -> Iterator[Job | Task]:
        """Yield jobs and tasks as they change, until the caller has seen enough."""
        asked = pinged = time.monotonic()
        self._connect()
        try:
            while not until():
                self._subscribe()
                for change in self._receive():
                    asked = time.monotonic()
                    yield change
                if time.monotonic() - asked > _ASK_EVERY:
                    asked = time.monotonic()
                    yield from self._ask()
                if time.monotonic() - pinged > _PING_EVERY:
                    pinged = time.monotonic()
                    self._send({"action": "ping"})
        finally:
            self._open.close()

    def _connect(self) -> None:
        self._open.close()
        self._socket = None
        address = f"{self._client.deployment.socket}?token={quote(self._client.deployment.token or '')}"
        with contextlib.suppress(OSError, WebSocketException):
            # By the environment's proxy to AWS, never to an engine at hand.
            proxy: Literal[True] | None = None if self._client.deployment.endpoint else True
            socket = connect(address, open_timeout=5, close_timeout=1, max_size=None, proxy=proxy)
            self._socket = self._open.enter_context(socket)

    def _subscribe(self) -> None:
        with self._lock:
            fresh, self._fresh = self._fresh, []
        for job in fresh:
            self._send({"action": "subscribe", "job": job})

    def _topics(self) -> list[str]:
        return [_EVERYTHING] if self._everything else sorted(self._followed)

    def _send(self, message: dict[str, Any]) -> None:
        if self._socket is None:
            return
        try:
            self._socket.send(msgspec.json.encode(message).decode())
        except (OSError, WebSocketException):
            self._lost()

    def _receive(self) -> Iterator[Job | Task]:
        """What the socket has to say within a tick."""
        if self._socket is None:
            time.sleep(_TICK)
            return
        try:
            message = msgspec.json.decode(self._socket.recv(timeout=_TICK))
        except TimeoutError:
            return
        except (OSError, WebSocketException):
            self._lost()
            return
        for job in [message["job"]] if isinstance(message.get("job"), dict) else message.get("jobs", []):
            if job["id"] in self._followed and not self.board.ended(job["id"]):
                known = self.board.take_job(msgspec.convert(job, Job))
                # The last word is asked for: messages overtake each other, and this one may have come before a result.
                yield self.board.take_job(self._client.job(known.id)) if known.ended else known
        for task in [message["task"]] if "task" in message else message.get("tasks", []):
            record = msgspec.convert(task, Task)
            if record.job_id in self._followed:
                yield record
                if job := self.board.take_task(record):
                    yield job

    def _lost(self) -> None:
        """A socket ends now and then; a new one, with a fresh snapshot, takes its place."""
        time.sleep(_TICK)
        self._connect()
        with self._lock:
            self._fresh = self._topics()

    def _ask(self) -> Iterator[Job]:
        with self._lock:
            waiting = sorted(name for name in self._followed if not self.board.ended(name))
        for name in waiting:
            try:
                yield self.board.take_job(self._client.job(name))
            except ApiError as error:
                # A file's job comes to be when its event arrives.
                if error.http_status != 404:
                    raise


def wait(client: Client, name: str, changed: Callable[[Job | Task], object] = lambda _: None) -> Job:
    """The job as it is when it has ended; `changed` hears all that happens until then."""
    feed = Feed(client)
    changed(feed.board.take_job(client.job(name)))
    feed.follow(name)
    for change in feed.changes(lambda: feed.board.ended(name)):
        changed(change)
    return feed.board.jobs[name]

"""What a client of the deployment saw during a campaign: the jobs it sent, and every record it got, in order."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import quote

import msgspec
from msgspec import UNSET, UnsetType
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

Record = dict[str, Any]


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What must become of one task."""

    status: Literal["completed", "failed", "skipped"] = "completed"
    value: Any | UnsetType = UNSET
    """The result, where it is known exactly."""
    fields: Record = {}
    """Fields that the result must have."""
    picture: tuple[int, int] | None = None
    """The size of the picture that the result is."""
    code: str | None = None
    """The code of the error."""
    page: str | None = None
    """The path at the test server that is fetched once."""


class Sent(msgspec.Struct, kw_only=True):
    """One job that the deployment accepted."""

    job_id: str
    kind: str
    by: Literal["place", "input", "variant"]
    """What names a task in `expected`: its place in the request, its input or its variant."""
    expected: dict[str, Expected]
    at: float
    stop_group: bool = False
    """The tasks behind a failed one in its group are skipped."""
    ordered: bool = False
    """The tasks of a group run one after another."""
    retries: list[float] = []
    """When the client asked for a retry."""
    ended_at: float | None = None

    def key(self, place: int, task: Record) -> str:
        """Return the name of a task in `expected`."""
        return str(place) if self.by == "place" else str(task[self.by])


class Final(msgspec.Struct, frozen=True, kw_only=True):
    """A job at the end, as HTTP gave it: its record, its tasks, and what became of each file."""

    job: Record
    tasks: list[Record]
    pictures: dict[str, Record]
    """Task id -> `bytes`, `width` and `height` of the file that its link opened, or `error`."""


class History:
    """Collects the records of jobs and tasks in the order in which they came. May be used from several threads."""

    def __init__(self) -> None:
        self.sent: dict[str, Sent] = {}
        self.seen: list[tuple[float, Record]] = []
        """The time and the record of each task that a message or an answer had."""
        self.lock = threading.Lock()

    def take(self, *tasks: Record) -> None:
        """Add records of tasks."""
        at = time.time()
        with self.lock:
            self.seen += [(at, task) for task in tasks]


class Watcher:
    """Subscribes to all jobs over a WebSocket and adds what comes to a history; connects again when cut off."""

    def __init__(self, url: str, token: str | None, history: History) -> None:
        self._url = f"{url}?token={quote(token or '')}"
        self._history = history
        self._stopping = threading.Event()
        self.messages = 0
        self.connections = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    @contextlib.contextmanager
    def watching(self) -> Iterator["Watcher"]:
        """Watch during the block."""
        self._thread.start()
        try:
            yield self
        finally:
            self._stopping.set()
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(OSError, WebSocketException, ValueError):
                self._watch()
            self._stopping.wait(0.5)

    def _watch(self) -> None:
        with connect(self._url, open_timeout=30, max_size=None, proxy=None) as socket:
            self.connections += 1
            socket.send(json.dumps({"action": "subscribe", "job": "*"}))
            while not self._stopping.is_set():
                try:
                    messages = json.loads(socket.recv(timeout=0.5))
                except TimeoutError:
                    continue
                if not isinstance(messages, list):
                    return  # an error of the gateway: the next connection subscribes again
                self.messages += len(messages)
                for message in messages:
                    self._history.take(*message.get("tasks", ()), *([message["task"]] if "task" in message else ()))

"""Subscribe over a WebSocket, collect the messages, and compute the records that they add up to."""

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.pipeline.shapes import ENDED
from tests.pipeline.waiting import wait_for

Message = dict[str, Any]


class SocketClient:
    """Subscribes to a topic and collects all messages."""

    def __init__(self, url: str, token: str | None, topic: str = "*") -> None:
        self.messages: list[Message] = []
        self._closed = threading.Event()
        query = f"?token={token}" if token else ""
        self._connection = ExitStack()
        socket = connect(f"{url}{query}", open_timeout=30, max_size=None, proxy=None)
        self._socket = self._connection.enter_context(socket)
        threading.Thread(target=self._collect, daemon=True).start()
        self.send(action="subscribe", job=topic)
        self.snapshot = self.wait_for(lambda message: message["type"] == "snapshot", "the subscription's snapshot")
        """Its first message. Messages about changes may arrive before it."""

    def send(self, **message: Any) -> None:
        """Send one message."""
        self._socket.send(json.dumps(message))

    def wait_for(self, condition: Callable[[Message], object], what: str) -> Message:
        """Return the first message that meets the condition; wait until one does."""
        return wait_for(lambda: next(filter(condition, list(self.messages)), None), what)

    def wait_until_ended(self, job: str) -> None:
        """Wait until the messages say that a job has ended."""
        wait_for(
            lambda: latest_records(self.messages).get(job, {}).get("status") in ENDED, f"messages that {job} has ended"
        )

    def wait_until_closed(self) -> None:
        """Wait until the other side has closed the connection."""
        assert self._closed.wait(60), "waited 60 s for the connection to be closed"

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def abort(self) -> None:
        """Close the TCP connection without a closing handshake."""
        self._socket.socket.close()

    def _collect(self) -> None:
        try:
            for messages in self._socket:
                self.messages += json.loads(messages)
        except (ConnectionClosed, OSError):
            return
        finally:
            self._closed.set()


def latest_records(messages: Iterable[Message]) -> dict[str, Message]:
    """Return job id -> its record, as the messages give it. A message with an older version changes nothing.

    Variants come from the tasks' messages and from snapshots; a job's own message has none.
    """
    jobs: dict[str, Message] = {}
    variants: dict[str, dict[str, Message]] = defaultdict(dict)
    for message in list(messages):
        for job in [*message.get("jobs", ()), *([message["job"]] if isinstance(message.get("job"), dict) else ())]:
            _keep_newer(jobs, job["id"], job)
            for name, variant in job.get("variants", {}).items():
                _keep_newer(variants[job["id"]], name, variant)
        for task in [*message.get("tasks", ()), *([message["task"]] if "task" in message else ())]:
            _keep_newer(variants[task["job_id"]], task["variant"], task)
    return {name: {**job, "variants": variants[name]} for name, job in jobs.items()}


def _keep_newer(known: dict[str, Message], name: str, record: Message) -> None:
    if name not in known or record["version"] > known[name]["version"]:
        known[name] = record

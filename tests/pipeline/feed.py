"""A socket, and the board that somebody who reads its messages would keep."""

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


class Feed:
    """Subscribes, and collects all that is said."""

    def __init__(self, address: str, token: str | None, topic: str = "*") -> None:
        self.messages: list[Message] = []
        query = f"?token={token}" if token else ""
        self._open = ExitStack()
        socket = connect(f"{address}{query}", open_timeout=30, max_size=None, proxy=None)
        self._socket = self._open.enter_context(socket)
        threading.Thread(target=self._listen, daemon=True).start()
        self.say(action="subscribe", job=topic)
        self.snapshot = self.wait_for(lambda message: message["type"] == "snapshot", "the subscription's snapshot")
        """Its first part. What changed meanwhile may have come before it."""

    def say(self, **message: Any) -> None:
        """Send one message."""
        self._socket.send(json.dumps(message))

    def wait_for(self, condition: Callable[[Message], object], what: str) -> Message:
        """The first message, of all that came, that meets the condition."""
        return wait_for(lambda: next(filter(condition, list(self.messages)), None), what)

    def ended(self, job: str) -> None:
        """Return when what was said adds up to a job that has ended."""
        wait_for(lambda: board(self.messages).get(job, {}).get("status") in ENDED, f"the feed to say that {job} ended")

    def close(self) -> None:
        """Leave politely."""
        self._open.close()

    def cut(self) -> None:
        """Break the connection without a word."""
        self._socket.socket.close()

    def _listen(self) -> None:
        try:
            for message in self._socket:
                self.messages.append(json.loads(message))
        except (ConnectionClosed, OSError):
            return


def board(messages: Iterable[Message]) -> dict[str, Message]:
    """Job id -> what messages add up to, by the rule that an older version changes nothing.

    A variant is brought by its task, or by a snapshot; what a job's own message says of it is less.
    """
    jobs: dict[str, Message] = {}
    variants: dict[str, dict[str, Message]] = defaultdict(dict)
    for message in list(messages):
        for job in [*message.get("jobs", ()), *([message["job"]] if isinstance(message.get("job"), dict) else ())]:
            _newer(jobs, job["id"], job)
            for name, variant in job.get("variants", {}).items():
                _newer(variants[job["id"]], name, variant)
        for task in [*message.get("tasks", ()), *([message["task"]] if "task" in message else ())]:
            _newer(variants[task["job_id"]], task["variant"], task)
    return {name: {**job, "variants": variants[name]} for name, job in jobs.items()}


def _newer(known: dict[str, Message], name: str, record: Message) -> None:
    if name not in known or record["version"] > known[name]["version"]:
        known[name] = record

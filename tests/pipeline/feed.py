"""A socket, and the board that somebody who reads its messages would keep."""

import json
import threading
from collections.abc import Callable, Iterable
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.pipeline.waiting import wait_for

Message = dict[str, Any]


class Feed:
    """Subscribes, and collects all that is said."""

    def __init__(self, address: str, token: str | None, topic: str = "*") -> None:
        self.messages: list[Message] = []
        query = f"?token={token}" if token else ""
        self._socket = connect(f"{address}{query}", open_timeout=30, max_size=None, proxy=None)
        threading.Thread(target=self._listen, daemon=True).start()
        self.say(action="subscribe", job=topic)
        self.wait_for(lambda message: message["type"] in ("snapshot", "error"), "an answer to the subscription")

    def say(self, **message: Any) -> None:
        """Send one message."""
        self._socket.send(json.dumps(message))

    def wait_for(self, condition: Callable[[Message], object], what: str) -> Message:
        """The first message, of all that came, that meets the condition."""
        return wait_for(lambda: next(filter(condition, list(self.messages)), None), what)

    def ended(self, job: str) -> Message:
        """The message that says that the job has ended."""
        return self.wait_for(
            lambda message: (
                message["type"] == "job"
                and message["job"]["id"] == job
                and message["job"]["status"] in ("completed", "failed", "cancelled")
            ),
            f"the feed to say that {job} ended",
        )

    def close(self) -> None:
        """Leave politely."""
        self._socket.close()

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
    """Job id -> its newest record: what messages add up to, by the rule that an older version changes nothing."""
    jobs: dict[str, Message] = {}
    for message in messages:
        records = message.get("jobs", []) if message["type"] == "snapshot" else []
        for job in [*records, *([message["job"]] if isinstance(message.get("job"), dict) else [])]:
            if job["id"] not in jobs or job["version"] > jobs[job["id"]]["version"]:
                jobs[job["id"]] = job
    return jobs

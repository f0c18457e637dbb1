"""What a socket may say and what it is answered: every answer is a message, none is a return value."""

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from umbel_core.errors import Rejected
from umbel_core.ids import JOB_ID
from umbel_core.ledger import Ledger
from umbel_core.messages import ALL_JOBS, STATS_TOPIC
from umbel_core.submit import Submitter
from umbel_core.views import UrlFor, job_view, task_view

_ACTIONS = "subscribe, unsubscribe, crawl, stats and ping"
_JOBS_SHOWN = 50
_TASKS_SHOWN = 100
_MESSAGE_BYTES = 100_000
"""API Gateway carries 128 KB in one message; a longer snapshot comes in parts."""


class Connections(Protocol):
    """Sockets and what they listen to."""

    def role(self, socket: str) -> str: ...
    def subscribe(self, socket: str, topic: str) -> None: ...
    def unsubscribe(self, socket: str, topic: str) -> None: ...
    def bind_job(self, socket: str, job_id: str) -> bool: ...
    def send(self, messages: dict[str, list[bytes]]) -> None: ...


class Actions(msgspec.Struct, frozen=True):
    """One function for every route; the message's `action` says what is wanted."""

    ledger: Ledger
    connections: Connections
    submitter: Submitter
    url_for: UrlFor
    start_ticker: Callable[[], object]

    def hear(self, socket: str, body: str) -> str:
        """Answer one message; the action's name, for the log."""
        action = ""
        try:
            message = _parse(body)
            action = message["action"]
            if action == "subscribe":
                self._subscribe(socket, _topic(message))
            elif action == "unsubscribe":
                self.connections.unsubscribe(socket, _topic(message))
            elif action == "crawl":
                self._crawl(socket, message)
            elif action == "stats":
                self._numbers(socket, stop=message.get("stop") is True)
            elif action == "ping":
                self._say(socket, {"type": "pong"})
            else:
                raise Rejected("unknown_action", f"There is no action '{action}'; the actions are {_ACTIONS}.")
        except Rejected as error:
            self._say(socket, {"type": "error", "error": {"code": error.code, "message": error.sentence}})
        return action

    def _crawl(self, socket: str, message: dict[str, Any]) -> None:
        if self.connections.role(socket) != "operator":
            raise Rejected("forbidden", "This token may listen; it takes an operator's token to start a crawl.")
        request = {name: value for name, value in message.items() if name != "action"}
        job = self.submitter.submit(msgspec.json.encode(request), "crawl")
        if not self.connections.bind_job(socket, job.id):
            self.ledger.cancel(job.id)
        self._subscribe(socket, job.id)

    def _numbers(self, socket: str, *, stop: bool) -> None:
        """The ticker's run that starts now tells everybody, this one too; the clock would take up to a minute."""
        if stop:
            self.connections.unsubscribe(socket, STATS_TOPIC)
            return
        self.connections.subscribe(socket, STATS_TOPIC)
        self.start_ticker()

    def _subscribe(self, socket: str, topic: str) -> None:
        """Listen first, look second: a change between the two then comes twice, never not at all."""
        if topic == ALL_JOBS:
            self.connections.subscribe(socket, topic)
            jobs, _ = self.ledger.jobs(_JOBS_SHOWN, None)
            self._snapshot(socket, {"topic": topic}, "jobs", [job_view(job, self.url_for) for job in jobs])
            return
        job = self.ledger.job(topic)
        if job is None:
            raise Rejected("no_such_job", f"There is no job '{topic}'.")
        self.connections.subscribe(socket, topic)
        job = self.ledger.job(topic) or job
        tasks, cursor = self.ledger.tasks(topic, None, _TASKS_SHOWN, None)
        facts = {"topic": topic, "job": job_view(job, self.url_for), "more": cursor is not None}
        self._snapshot(socket, facts, "tasks", [task_view(task, self.url_for) for task in tasks])

    def _snapshot(self, socket: str, facts: dict[str, Any], name: str, records: list[dict[str, Any]]) -> None:
        parts: list[list[dict[str, Any]]] = [[]]
        start = size = len(msgspec.json.encode(facts))
        for record in records:
            length = len(msgspec.json.encode(record))
            if parts[-1] and size + length > _MESSAGE_BYTES:
                parts.append([])
                size = start
            parts[-1].append(record)
            size += length
        self._say(socket, *({"type": "snapshot", **facts, name: part} for part in parts))

    def _say(self, socket: str, *messages: dict[str, Any]) -> None:
        self.connections.send({socket: [msgspec.json.encode(message) for message in messages]})


def _parse(body: str) -> dict[str, Any]:
    try:
        message = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Rejected("invalid_json", f"That is not JSON: {error}") from error
    if not isinstance(message, dict) or not isinstance(message.get("action"), str):
        raise Rejected("invalid_message", 'Send {"action": "subscribe", "job": "<id>" or "*"}.')
    return message


def _topic(message: dict[str, Any]) -> str:
    topic = message.get("job")
    if not isinstance(topic, str) or not topic:
        raise Rejected("invalid_message", 'Say which job: {"action": "subscribe", "job": "<id>" or "*"}.')
    if topic != ALL_JOBS and not JOB_ID.fullmatch(topic):
        raise Rejected("no_such_job", f"There is no job '{topic}'.")
    return topic

"""The actions of the WebSocket: each is answered by messages on the connection, never by a return value."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar, get_args

import msgspec

from umbel_core.contract import (
    Error,
    ErrorMessage,
    PingAction,
    PongMessage,
    ServerMessage,
    SnapshotMessage,
    SocketAction,
    StatsAction,
    SubscribeAction,
    UnsubscribeAction,
)
from umbel_core.errors import Rejected
from umbel_core.ids import JOB_ID
from umbel_core.ledger import Ledger
from umbel_core.messages import ALL_JOBS, MAX_TOPICS, STATS_TOPIC
from umbel_core.submission import read_json
from umbel_core.submit import Submitter
from umbel_core.validation import parse
from umbel_core.views import UrlFor, job_view, task_view

ACTIONS: dict[str, type[msgspec.Struct]] = {
    str(action.__struct_config__.tag): action for action in get_args(SocketAction)
}
"""Name of an action -> the struct of its message."""
_JOBS_SHOWN = 50
_TASKS_SHOWN = 100
_MESSAGE_BYTES = 31_000
"""API Gateway sends 32 KB as one frame; a longer snapshot comes in parts."""


Record = TypeVar("Record", bound=msgspec.Struct)


class Connections(Protocol):
    """Sockets and what they listen to."""

    def role(self, socket: str) -> str: ...
    def subscribe(self, socket: str, topic: str) -> bool: ...
    def unsubscribe(self, socket: str, topic: str) -> None: ...
    def bind_job(self, socket: str, job_id: str) -> bool: ...
    def send(self, messages: Mapping[str, Sequence[bytes]]) -> None: ...


class Actions(msgspec.Struct, frozen=True):
    """Runs the action of each message that a connection sends."""

    ledger: Ledger
    connections: Connections
    submitter: Submitter
    url_for: UrlFor
    start_ticker: Callable[[], object]
    begin: Callable[[str, str], object] = lambda job_id, trace_id: None  # noqa: ARG005 - named for the reader
    """Called with the ids of the job that an action is about, and of its trace."""

    def run(self, socket: str, body: str) -> str:
        """Run the action of one message; its name, for the log."""
        name = ""
        try:
            message = read_json(body.encode())
            name = _name(message)
            if name == "crawl":
                self._crawl(socket, message)
            else:
                self._run(socket, parse(message, ACTIONS[name], "invalid_message"))
        except Rejected as error:
            path = error.pointer or msgspec.UNSET
            self._send(socket, ErrorMessage(error=Error(code=error.code, message=error.sentence, path=path)))
        return name

    def _run(self, socket: str, action: msgspec.Struct) -> None:
        match action:
            case SubscribeAction(job=topic):
                self._subscribe(socket, _checked(topic))
            case UnsubscribeAction(job=topic):
                self.connections.unsubscribe(socket, _checked(topic))
            case StatsAction(stop=stop):
                self._stats(socket, stop=stop)
            case PingAction():
                self._send(socket, PongMessage())

    def _crawl(self, socket: str, message: dict[str, Any]) -> None:
        if self.connections.role(socket) != "operator":
            raise Rejected("forbidden", "This is a viewer's token; it takes an operator's token to start a crawl.")
        request = {name: value for name, value in message.items() if name != "action"}
        job = self.submitter.submit(msgspec.json.encode(request), "crawl")
        self.begin(job.id, job.trace_id)
        if not self.connections.bind_job(socket, job.id):
            self.ledger.cancel(job.id)
        self._subscribe(socket, job.id)

    def _stats(self, socket: str, *, stop: bool) -> None:
        """Start a run of the ticker, which sends to all subscribers: the next scheduled one may be a minute away."""
        if stop:
            self.connections.unsubscribe(socket, STATS_TOPIC)
            return
        self._add_topic(socket, STATS_TOPIC)
        self.start_ticker()

    def _subscribe(self, socket: str, topic: str) -> None:
        """Subscribe before reading, so that a change between the two is sent twice and never lost."""
        if topic == ALL_JOBS:
            self._add_topic(socket, topic)
            jobs, _ = self.ledger.jobs(_JOBS_SHOWN, None)
            views = [job_view(job, self.url_for) for job in jobs]
            self._send(socket, *(SnapshotMessage(topic=topic, jobs=part) for part in _parts(views, 0)))
            return
        job = self.ledger.job(topic)
        if job is None:
            raise Rejected("no_such_job", f"There is no job '{topic}'.", ("job",))
        self.begin(job.id, job.trace_id)
        self._add_topic(socket, topic)
        view = job_view(self.ledger.job(topic) or job, self.url_for)
        tasks, cursor = self.ledger.tasks(topic, None, _TASKS_SHOWN, None)
        parts = _parts([task_view(task, self.url_for) for task in tasks], len(msgspec.json.encode(view)))
        more = cursor is not None
        self._send(socket, *(SnapshotMessage(topic=topic, job=view, tasks=part, more=more) for part in parts))

    def _add_topic(self, socket: str, topic: str) -> None:
        if not self.connections.subscribe(socket, topic):
            raise Rejected(
                "too_many_topics",
                f"A connection subscribes to at most {MAX_TOPICS} topics; unsubscribe from one first, or subscribe "
                f"to '{ALL_JOBS}'.",
            )

    def _send(self, socket: str, *messages: ServerMessage) -> None:
        self.connections.send({socket: [msgspec.json.encode(message) for message in messages]})


def _parts(records: list[Record], start: int) -> list[list[Record]]:
    """Divide records so that each part, with `start` bytes beside it, fits into one message; at least one part."""
    parts: list[list[Record]] = [[]]
    size = start
    for record in records:
        length = len(msgspec.json.encode(record))
        if parts[-1] and size + length > _MESSAGE_BYTES:
            parts.append([])
            size = start
        parts[-1].append(record)
        size += length
    return parts


def _name(message: Any) -> str:
    name = message.get("action") if isinstance(message, dict) else None
    if not isinstance(name, str):
        raise Rejected("invalid_message", 'Send an object with an action: {"action": "subscribe", "job": "<id>"}.')
    if name not in ACTIONS:
        raise Rejected(
            "unknown_action", f"There is no action '{name}'; the actions are {', '.join(ACTIONS)}.", ("action",)
        )
    return name


def _checked(topic: str) -> str:
    if topic != ALL_JOBS and not JOB_ID.fullmatch(topic):
        raise Rejected("no_such_job", f"There is no job '{topic[:100]}'.", ("job",))
    return topic

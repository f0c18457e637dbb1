"""Changes of jobs and tasks -> messages to the connections that subscribed to them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from umbel_core.contract import JobMessage, ServerMessage, SystemMessage, TaskMessage
from umbel_core.ledger import Event, JobRecord, TaskRecord
from umbel_core.messages import ALL_JOBS
from umbel_core.views import UrlFor, event_view, job_view, task_view

CONNECTIONS_PER_PUSH = 500
"""A push to more is divided, so that several runs of the fan-out send it side by side."""

FANOUT_SECONDS = 4
"""The time for what waits in the fan-out's queue, so that a connection hears of a change within five seconds."""


class Push(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Relay -> fan-out: send these changes to these connections."""

    subscribers: dict[str, list[str]]
    """Topic -> ids of the connections."""
    jobs: list[JobRecord] = []
    events: list[Event] = []
    tasks: list[TaskRecord] = []

    @property
    def connections(self) -> set[str]:
        """The ids of all connections."""
        return {connection for each in self.subscribers.values() for connection in each}

    def by_connections(self) -> "Iterator[Push]":
        """Yield pushes of the same changes to at most `CONNECTIONS_PER_PUSH` connections each."""
        ids = sorted(self.connections)
        for start in range(0, len(ids), CONNECTIONS_PER_PUSH):
            some = set(ids[start : start + CONNECTIONS_PER_PUSH])
            subscribers = {topic: [each for each in own if each in some] for topic, own in self.subscribers.items()}
            yield msgspec.structs.replace(self, subscribers={topic: own for topic, own in subscribers.items() if own})

    def encoded(self, most: int) -> Iterator[bytes]:
        """Yield the push as JSON of at most so many bytes, divided by its records if it is longer.

        A record that is longer by itself is left out: API Gateway would not carry its message either.
        """
        body = msgspec.json.encode(self)
        if len(body) <= most:
            yield body
            return
        records: list[JobRecord | Event | TaskRecord] = [*self.jobs, *self.events, *self.tasks]
        middle = len(records) // 2
        if middle:
            for half in (records[:middle], records[middle:]):
                yield from self._of(half).encoded(most)

    def _of(self, records: Sequence[JobRecord | Event | TaskRecord]) -> "Push":
        return Push(
            subscribers=self.subscribers,
            jobs=[each for each in records if isinstance(each, JobRecord)],
            events=[each for each in records if isinstance(each, Event)],
            tasks=[each for each in records if isinstance(each, TaskRecord)],
        )


class Connections(Protocol):
    """The WebSocket connections."""

    def send(self, messages: Mapping[str, Sequence[bytes]], seconds: float) -> None:
        """Send each connection its messages within so many seconds; remove a connection that is closed."""


class Pusher(msgspec.Struct, frozen=True):
    """Sends changes to the connections that subscribed to them."""

    connections: Connections
    url_for: UrlFor

    def push(self, pushes: Sequence[Push], seconds: float) -> int:
        """Send these changes, of each record the newest version; return the number of connections.

        What is not sent within so many seconds is not sent at all: the job's next message has the newer state, and a
        client reads a job about which it hears nothing.
        """
        push = _merged(pushes)
        changes = list(self._messages(push))
        topics: dict[str, set[str]] = defaultdict(set)
        for topic, connections in push.subscribers.items():
            for connection in connections:
                topics[connection].add(topic)
        # Connections with the same topics share one list, which is then encoded once.
        lists: dict[frozenset[str], list[bytes]] = {}
        messages: dict[str, Sequence[bytes]] = {}
        for connection, own in topics.items():
            key = frozenset(own)
            if key not in lists:
                lists[key] = [message for topic, message in changes if topic in own or ALL_JOBS in own]
            messages[connection] = lists[key]
        self.connections.send(messages, seconds)
        return len(messages)

    def _messages(self, push: Push) -> Iterator[tuple[str, bytes]]:
        """Yield topic and message of each change that somebody subscribed to.

        Jobs and events come before tasks: when time runs out, a client sees by the job's record that tasks are missing.
        A job comes without its variants, because the tasks' own messages bring them.
        """
        for job in push.jobs:
            if push.subscribers.keys() & {ALL_JOBS, job.id}:
                yield job.id, _encoded(JobMessage(job=job_view(job, self.url_for, variants=False)))
        for event in push.events:
            yield ALL_JOBS, _encoded(SystemMessage(event=event_view(event)))
        for task in push.tasks:
            if push.subscribers.keys() & {ALL_JOBS, task.job_id}:
                yield task.job_id, _encoded(TaskMessage(job_id=task.job_id, task=task_view(task, self.url_for)))


def _merged(pushes: Sequence[Push]) -> Push:
    """Return one push of all these changes, of each record the newest version."""
    subscribers: dict[str, set[str]] = defaultdict(set)
    jobs: dict[str, JobRecord] = {}
    events: dict[str, Event] = {}
    tasks: dict[str, TaskRecord] = {}
    for push in pushes:
        for topic, connections in push.subscribers.items():
            subscribers[topic].update(connections)
        jobs |= {job.id: job for job in push.jobs if job.id not in jobs or jobs[job.id].version < job.version}
        events |= {event.id: event for event in push.events}
        for task in push.tasks:
            if task.id not in tasks or tasks[task.id].version < task.version:
                tasks[task.id] = task
    return Push(
        subscribers={topic: sorted(each) for topic, each in subscribers.items()},
        jobs=list(jobs.values()),
        events=list(events.values()),
        tasks=list(tasks.values()),
    )


def _encoded(message: ServerMessage) -> bytes:
    return msgspec.json.encode(message)

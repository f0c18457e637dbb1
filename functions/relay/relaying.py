"""Send changes to their subscribers and fold them into their jobs' counts. Repeating it changes nothing."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from itertools import chain
from typing import Protocol

import msgspec

from relay.changes import Changes
from umbel_core.contract import JobMessage, ServerMessage, SystemMessage, TaskMessage
from umbel_core.cost import count_cost_nano
from umbel_core.fold import TaskChange, fold, uncounted
from umbel_core.ledger import Event, JobRecord
from umbel_core.messages import ALL_JOBS
from umbel_core.op_stats import Counters, count, periods_of
from umbel_core.views import UrlFor, event_view, job_view, task_view

_TRIES = 5
_SENDING_SECONDS = 5
"""Half of the function's timeout: too many or too slow subscribers miss messages, but every change is counted."""


class Connections(Protocol):
    """The WebSocket connections and their subscriptions."""

    def subscribers(self, topics: list[str]) -> dict[str, set[str]]:
        """Return topic -> ids of the connections that subscribed to it."""

    def send(self, messages: dict[str, list[bytes]], seconds: float) -> None:
        """Send each connection its messages within so many seconds; remove a connection that is closed."""


class Relay(msgspec.Struct, frozen=True):
    """Processes one batch of changes.

    A job whose counts change comes back through the stream and is sent then, so that only what was written is sent.
    Folding and sending run side by side, because on the local engine every queue waits for this function.
    """

    counters: Counters
    connections: Connections
    url_for: UrlFor
    executor: Executor

    def relay(self, changes: Changes) -> int:
        """Fold the counts and send every change; return the number of messages sent."""
        folding = self.executor.submit(self._fold, changes.tasks) if changes.tasks else None
        sent = self._push(changes)
        if folding:
            folding.result()
        return sent

    def _push(self, changes: Changes) -> int:
        topics = {change.task.job_id for change in changes.tasks} | {job.id for job in changes.jobs}
        if not topics and not changes.events:
            return 0
        subscribers = self.connections.subscribers([ALL_JOBS, *topics])
        messages: dict[str, list[bytes]] = defaultdict(list)

        def post(job_id: str, make: Callable[[], ServerMessage]) -> None:
            if sockets := subscribers.get(ALL_JOBS, set()) | subscribers.get(job_id, set()):
                message = msgspec.json.encode(make())
                for socket in sockets:
                    messages[socket].append(message)

        # Jobs and events before tasks: when time runs out, a client sees by the job's record that tasks are missing.
        for job in changes.jobs:
            post(job.id, partial(self._job_message, job))
        for event in changes.events:
            post(ALL_JOBS, partial(_event_message, event))
        for change in changes.tasks:
            post(change.task.job_id, partial(self._task_message, change))
        self.connections.send(messages, _SENDING_SECONDS)
        return sum(map(len, messages.values()))

    def _job_message(self, job: JobRecord) -> JobMessage:
        """Without the variants: the tasks' own messages bring them."""
        return JobMessage(job=job_view(job, self.url_for, variants=False))

    def _task_message(self, change: TaskChange) -> TaskMessage:
        return TaskMessage(job_id=change.task.job_id, task=task_view(change.task, self.url_for))

    def _fold(self, changes: Sequence[TaskChange]) -> None:
        """Fold all changes in one write; if another writer interfered, retry, each job by itself."""
        left: dict[str, list[TaskChange]] = defaultdict(list)
        for change in changes:
            left[change.task.job_id].append(change)
        if self._written(left):
            return
        stuck = [job for job in left if not any(self._written({job: left[job]}) for _ in range(_TRIES))]
        if stuck:
            raise FoldConflictError(f"{', '.join(stuck)}: other writers kept interfering; the batch is delivered again")

    def _written(self, changes: dict[str, list[TaskChange]]) -> bool:
        """Fold and count what was not counted before; return False when another writer interfered."""
        jobs, op_stats = self.counters.read(changes, periods_of(chain.from_iterable(changes.values())))
        cost = count_cost_nano(len(jobs)) if jobs else 0
        folded = [(jobs[name], new) for name in jobs if (new := fold(jobs[name], changes[name], cost))]
        counted = [change for name, job in jobs.items() for change in uncounted(job, changes[name])]
        count(op_stats, counted)
        return not folded or self.counters.write(folded, [op_stats[period] for period in periods_of(counted)])


def _event_message(event: Event) -> SystemMessage:
    return SystemMessage(event=event_view(event))


class FoldConflictError(Exception):
    """Other writers changed a job's record at every attempt."""

"""Changes pushed to who listens, and folded into their jobs' counts. All of it may be done again."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from itertools import chain
from typing import Protocol

import msgspec

from relay.changes import Changes
from umbel_core.contract import JobMessage, ServerMessage, SystemMessage, TaskMessage
from umbel_core.fold import TaskChange, fold, uncounted
from umbel_core.ledger import Event, JobRecord
from umbel_core.messages import ALL_JOBS
from umbel_core.op_stats import Counters, count, periods_of
from umbel_core.views import UrlFor, event_view, job_view, task_view

_TRIES = 5
_TELLING_SECONDS = 5
"""Half of what a run has: subscribers who are too many, or too slow, miss messages, but no change goes uncounted."""


class Connections(Protocol):
    """Who listens, and how to tell them."""

    def subscribers(self, topics: list[str]) -> dict[str, set[str]]:
        """Topic -> ids of the sockets that subscribed to it."""

    def send(self, messages: dict[str, list[bytes]], seconds: float) -> None:
        """Send each socket its messages, as far as there is time; a socket that is gone is forgotten."""


class Relay(msgspec.Struct, frozen=True):
    """The relay's work on one batch of changes.

    A job whose counts it folds comes back through the stream and is pushed then: what is told is what was written.
    Folding and telling do not wait for each other: on the local engine, every queue waits for this function.
    """

    counters: Counters
    connections: Connections
    url_for: UrlFor
    beside: Executor

    def relay(self, changes: Changes) -> int:
        """Fold the counts and push every change; the number of messages sent."""
        folding = self.beside.submit(self._fold, changes.tasks) if changes.tasks else None
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

        # The few before the many: where there is no time for all, a job's own record says that there is more to ask.
        for job in changes.jobs:
            post(job.id, partial(self._job_message, job))
        for event in changes.events:
            post(ALL_JOBS, partial(_event_message, event))
        for change in changes.tasks:
            post(change.task.job_id, partial(self._task_message, change))
        self.connections.send(messages, _TELLING_SECONDS)
        return sum(map(len, messages.values()))

    def _job_message(self, job: JobRecord) -> JobMessage:
        """Without the variants: the tasks' own messages bring them."""
        return JobMessage(job=job_view(job, self.url_for, variants=False))

    def _task_message(self, change: TaskChange) -> TaskMessage:
        return TaskMessage(job_id=change.task.job_id, task=task_view(change.task, self.url_for))

    def _fold(self, changes: Sequence[TaskChange]) -> None:
        """Fold all into their jobs: at once, or where somebody wrote in between, again and each job by itself."""
        left: dict[str, list[TaskChange]] = defaultdict(list)
        for change in changes:
            left[change.task.job_id].append(change)
        if self._written(left):
            return
        stuck = [job for job in left if not any(self._written({job: left[job]}) for _ in range(_TRIES))]
        if stuck:
            raise FoldConflictError(f"{', '.join(stuck)}: somebody else kept writing; the batch comes again")

    def _written(self, changes: dict[str, list[TaskChange]]) -> bool:
        """Fold and count what was not counted before; False when somebody wrote in between."""
        jobs, op_stats = self.counters.read(changes, periods_of(chain.from_iterable(changes.values())))
        folded = [(jobs[name], new) for name in jobs if (new := fold(jobs[name], changes[name]))]
        counted = [change for name, job in jobs.items() for change in uncounted(job, changes[name])]
        count(op_stats, counted)
        return not folded or self.counters.write(folded, [op_stats[period] for period in periods_of(counted)])


def _event_message(event: Event) -> SystemMessage:
    return SystemMessage(event=event_view(event))


class FoldConflictError(Exception):
    """A job's record would not hold still."""

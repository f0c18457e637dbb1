"""Fold changes into their jobs' counts and push them to their subscribers. Repeating it changes nothing."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Protocol

import msgspec

from relay.changes import Changes, is_news
from relay.remembering import RememberingCounters
from umbel_core.cost import count_cost_nano
from umbel_core.fold import TaskChange, fold, uncounted
from umbel_core.in_flight import waits_for_coordinator
from umbel_core.ledger import Event, JobRecord, TaskRecord
from umbel_core.messages import ALL_JOBS, ReleaseTasks
from umbel_core.op_stats import count, periods_of
from umbel_core.pushing import Push, Pusher

_TRIES = 5
_AT_ONCE = 4
"""Connections to which the relay itself sends, side by side; handing over costs more calls and time than this."""
_SECONDS = 1
"""For that, because counting waits."""


class Connections(Protocol):
    """The subscriptions of the WebSocket connections."""

    def subscribers(self, topics: list[str]) -> dict[str, set[str]]:
        """Return topic -> ids of the connections that subscribed to it."""


class Fanout(Protocol):
    """The function that sends to many connections."""

    def send(self, push: Push) -> None:
        """Have it send these changes."""


class Intake(Protocol):
    """The coordinator's queue."""

    def retry(self, command: ReleaseTasks) -> None:
        """Have the coordinator publish the next tasks of a job."""


class Relay(msgspec.Struct, frozen=True):
    """Processes one batch of changes: counts them first, and then pushes the tasks together with their counted jobs."""

    counters: RememberingCounters
    connections: Connections
    pusher: Pusher
    fanout: Fanout
    intake: Intake

    def relay(self, changes: Changes) -> int:
        """Fold the counts and push every change; return the number of connections that get them."""
        self.counters.learn(changes.jobs)
        counted, stuck = self._fold(changes.tasks) if changes.tasks else ([], [])
        for job in changes.jobs:
            if job.status == "cancelled":
                self._release(job)
        tasks = [change.task for change in changes.tasks]
        sent = self._push(_newest([*changes.jobs, *counted]), changes.events, tasks)
        if stuck:
            raise FoldConflictError(f"{', '.join(stuck)}: other writers kept interfering; the batch is delivered again")
        return sent

    def _push(self, jobs: list[JobRecord], events: list[Event], tasks: list[TaskRecord]) -> int:
        """Push what was written. The subscribers are read after the write, so that a snapshot has it or a push does."""
        topics = {task.job_id for task in tasks} | {job.id for job in jobs}
        if not topics and not events:
            return 0
        found = self.connections.subscribers([ALL_JOBS, *sorted(topics)])
        subscribers = {topic: sorted(connections) for topic, connections in found.items() if connections}
        push = Push(subscribers=subscribers, jobs=jobs, events=events, tasks=tasks)
        number = len(push.connections)
        if number > _AT_ONCE:
            self.fanout.send(push)
        elif number:
            self.pusher.push([push], _SECONDS)
        return number

    def _fold(self, changes: Sequence[TaskChange]) -> tuple[list[JobRecord], list[str]]:
        """Fold all changes in one write; if another writer interfered, read again, and then retry each job by itself.

        Return the jobs that subscribers should hear of, and the ids of those that could not be written.
        """
        left: dict[str, list[TaskChange]] = defaultdict(list)
        for change in changes:
            left[change.task.job_id].append(change)
        for _ in range(2):
            counted = self._written(left)
            if counted is not None:
                return counted, []
        each = {job: self._written_alone({job: left[job]}) for job in left}
        found = chain.from_iterable(counted for counted in each.values() if counted is not None)
        return list(found), [job for job, counted in each.items() if counted is None]

    def _written_alone(self, changes: dict[str, list[TaskChange]]) -> list[JobRecord] | None:
        tries = (self._written(changes) for _ in range(_TRIES))
        return next((counted for counted in tries if counted is not None), None)

    def _written(self, changes: dict[str, list[TaskChange]]) -> list[JobRecord] | None:
        """Fold and count what was not counted before; return None when another writer interfered."""
        jobs, op_stats = self.counters.read(changes, periods_of(chain.from_iterable(changes.values())))
        cost = count_cost_nano(len(jobs)) if jobs else 0
        folded = [(jobs[name], new) for name in jobs if (new := fold(jobs[name], changes[name], cost))]
        counted = [change for name, job in jobs.items() for change in uncounted(job, changes[name])]
        count(op_stats, counted)
        if folded and not self.counters.write(folded, [op_stats[period] for period in periods_of(counted)]):
            return None
        # What was counted before may not have been pushed: its relay may have died after the write.
        repeated = jobs.keys() - {old.id for old, _ in folded}
        for old, new in folded:
            fresh = uncounted(old, changes[old.id])
            # A job may be cancelled between a retry and its work: then what starts over is held, and must be skipped.
            starts_over = any(change.started_over for change in fresh)
            if new.sending != old.sending or starts_over or len(fresh) < len(changes[old.id]):
                self._release(new)
        for job_id in sorted(repeated):
            self._release(jobs[job_id])
        return [new for old, new in folded if is_news(old.status, new)] + [jobs[name] for name in sorted(repeated)]

    def _release(self, job: JobRecord) -> None:
        """Have the coordinator do what waits for it, if anything does."""
        if waits_for_coordinator(job):
            self.intake.retry(ReleaseTasks(job.id, job.trace_id))


def _newest(jobs: Iterable[JobRecord]) -> list[JobRecord]:
    """Return the newest record of each job."""
    return list({job.id: job for job in sorted(jobs, key=lambda job: job.version)}.values())


class FoldConflictError(Exception):
    """Other writers changed a job's record at every attempt."""

"""Changes pushed to who listens, and folded into their jobs' counts. All of it may be done again."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Protocol

import msgspec

from relay.changes import Changes
from umbel_core.fold import TaskChange, fold
from umbel_core.ledger import KEPT_VARIANTS, Job
from umbel_core.views import UrlFor, job_view, task_view

EVERYTHING = "*"
"""The topic of those who want to hear of every job."""
_TRIES = 5


class Books(Protocol):
    """The ledger, as far as the relay folds it."""

    def jobs_of(self, ids: Iterable[str]) -> dict[str, Job]:
        """The jobs with these ids, in one read."""

    def replace_jobs(self, jobs: Sequence[tuple[Job, Job]]) -> set[str]:
        """Write what was folded (old, new), unless somebody wrote in between; the ids that were written."""


class Audience(Protocol):
    """Who listens, and how to tell them."""

    def listeners(self, topics: list[str]) -> dict[str, set[str]]:
        """Topic -> ids of the sockets that subscribed to it."""

    def tell(self, letters: dict[str, list[bytes]]) -> None:
        """Send each socket its messages in order; a socket that is gone is forgotten."""


class Relay(msgspec.Struct, frozen=True):
    """The relay's work on one batch of changes."""

    books: Books
    audience: Audience
    url_for: UrlFor

    def relay(self, changes: Changes) -> int:
        """Fold the counts, push every task's change and every job whose state moved; the number of messages sent."""
        of_job: dict[str, list[TaskChange]] = defaultdict(list)
        for change in changes.tasks:
            of_job[change.task.job].append(change)
        folded = self._fold(of_job)
        topics = {*of_job, *changes.jobs}
        listeners = self.audience.listeners([EVERYTHING, *topics])
        letters: dict[str, list[bytes]] = defaultdict(list)

        def post(job: str, make: Callable[[], dict[str, Any]]) -> None:
            if sockets := listeners.get(EVERYTHING, set()) | listeners.get(job, set()):
                message = msgspec.json.encode(make())
                for socket in sockets:
                    letters[socket].append(message)

        for job in changes.jobs.values():
            post(job.id, partial(self._job_message, job))
        for change in changes.tasks:
            post(change.task.job, partial(self._task_message, change))
        for job in folded:
            post(job.id, partial(self._job_message, job))
        self.audience.tell(letters)
        return sum(map(len, letters.values()))

    def _job_message(self, job: Job) -> dict[str, Any]:
        """Without the variants, which the tasks' own messages bring."""
        return {"type": "job", "job": job_view(job, self.url_for, variants=False)}

    def _task_message(self, change: TaskChange) -> dict[str, Any]:
        return {"type": "task", "job": change.task.job, "task": task_view(change.task, self.url_for)}

    def _fold(self, of_job: dict[str, list[TaskChange]]) -> list[Job]:
        """Fold all, again where somebody wrote in between; the jobs that listeners should hear of.

        A job of few tasks is told of when its status moves: its counts are told by its tasks. A job that was folded
        before is told of again, because the one who folded it may not have lived to tell.
        """
        told: list[Job] = []
        left = of_job
        for _ in range(_TRIES):
            if not left:
                return told
            written: list[tuple[Job, Job]] = []
            for job in self.books.jobs_of(left).values():
                new = fold(job, left[job.id])
                if new is None:
                    told.append(job)
                else:
                    written.append((job, new))
            done = self.books.replace_jobs(written) if written else set()
            told += [
                new
                for old, new in written
                if new.id in done and (new.status != old.status or new.total > KEPT_VARIANTS)
            ]
            left = {new.id: left[new.id] for _, new in written if new.id not in done}
        raise FoldConflictError(f"{', '.join(left)}: somebody else kept writing; the batch comes again")


class FoldConflictError(Exception):
    """A job's record would not hold still."""

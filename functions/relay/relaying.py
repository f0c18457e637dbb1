"""Changes pushed to who listens, and folded into their jobs' counts. All of it may be done again."""

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import msgspec
from umbel_core.fold import TaskChange, fold
from umbel_core.ledger import Job
from umbel_core.views import UrlFor, job_view, task_view

from relay.changes import Changes

EVERYTHING = "*"
"""The topic of those who want to hear of every job."""
_TRIES = 5


class Books(Protocol):
    """The ledger, as far as the relay folds it."""

    def job(self, job: str) -> Job | None:
        """One job, or None."""

    def replace_job(self, old: Job, new: Job) -> bool:
        """Write what was folded, unless somebody wrote in between."""


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
        """Push every task's change, fold the counts, push the jobs; the number of messages sent."""
        of_job: dict[str, list[TaskChange]] = defaultdict(list)
        for change in changes.tasks:
            of_job[change.task.job].append(change)
        folded = [self._fold(job, of) for job, of in of_job.items()]
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
        for job in filter(None, folded):
            post(job.id, partial(self._job_message, job))
        self.audience.tell(letters)
        return sum(map(len, letters.values()))

    def _job_message(self, job: Job) -> dict[str, Any]:
        return {"type": "job", "job": job_view(job, self.url_for)}

    def _task_message(self, change: TaskChange) -> dict[str, Any]:
        return {"type": "task", "job": change.task.job, "task": task_view(change.task, self.url_for)}

    def _fold(self, job: str, changes: list[TaskChange]) -> Job | None:
        """The job as it stands after these changes, folded now or before; None when it is not in the ledger."""
        for _ in range(_TRIES):
            old = self.books.job(job)
            if old is None:
                return None
            new = fold(old, changes)
            if new is None or self.books.replace_job(old, new):
                return new or old
        raise FoldConflict(f"{job}: somebody else kept writing its record; the batch comes again")


class FoldConflict(Exception):
    """A job's record would not hold still."""

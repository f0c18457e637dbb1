"""Decides which tasks of a job with `max_in_flight` are sent next. Pure functions on the job's record.

Such a job is planned whole, but only its first tasks are sent; the others are *held*. Whoever counts that a task ended
takes the next held ones in the same write: they are `sending` until the coordinator has published them. Nothing more is
taken before, so that the tasks of a job are sent in order, and a command that is repeated sends the same ones again.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import msgspec

from umbel_core.ledger import ENDED, JobRecord, TaskRecord


def members(text: str) -> set[int]:
    """Return the indices that a text like `0-2,7` names."""
    found: set[int] = set()
    for part in text.split(",") if text else ():
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


def named(indices: Iterable[int]) -> str:
    """Return the text that names these indices, as a job's record keeps them: `0-2,7`."""
    runs: list[list[int]] = []
    for index in sorted(indices):
        if runs and runs[-1][1] == index - 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def hold(job: JobRecord, total: int) -> None:
    """Hold all tasks of a new job but the first `max_in_flight`."""
    if job.max_in_flight:
        job.held = named(range(job.max_in_flight, total))


def take_next(job: JobRecord) -> JobRecord:
    """Return the job with the next held tasks in `sending`, as many as may be in flight; else the job itself."""
    if job.max_in_flight is None or not job.held or job.sending or job.status == "cancelled":
        return job
    held = sorted(members(job.held))
    in_flight = job.total - job.completed - job.failed - job.skipped - len(held)
    room = job.max_in_flight - in_flight
    if room <= 0:
        return job
    return msgspec.structs.replace(job, held=named(held[room:]), sending=named(held[:room]))


def sent(job: JobRecord) -> JobRecord:
    """Return the job when what it was sending is published: the next tasks may be taken."""
    return take_next(msgspec.structs.replace(job, sending=""))


def waits_for_coordinator(job: JobRecord) -> bool:
    """Return whether the coordinator has something to do: tasks to publish, or held ones of a cancelled job to skip."""
    return bool(job.sending or (job.held and job.status == "cancelled"))


def sent_tasks(job: JobRecord, tasks: Iterable[TaskRecord]) -> Iterator[TaskRecord]:
    """Yield the open tasks that have been sent; of a job with `max_in_flight`, at most so many.

    There can be more that are not held when the relay gave up the changes that say that they were started over.
    """
    held = members(job.held)
    return islice((task for task in tasks if task.status not in ENDED and task.index not in held), job.max_in_flight)


def held_by(job: JobRecord, tasks: Sequence[TaskRecord]) -> str:
    """Return which tasks of a job with `max_in_flight` are held, when its tasks are known: the open ones not sent."""
    flying = {task.index for task in sent_tasks(job, tasks)}
    return named(task.index for task in tasks if task.status not in ENDED and task.index not in flying)

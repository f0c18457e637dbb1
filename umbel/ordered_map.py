"""One op on many inputs: the results in the order of the inputs, in bounded memory."""

import contextlib
import time
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from umbel import listing
from umbel.errors import ApiError, TaskError, UmbelError
from umbel.job import Job
from umbel_core.contract import Manifest, Task, TaskSpec
from umbel_core.contract.requests import Priority

if TYPE_CHECKING:
    from umbel.client import Client

_JOBS_IN_FLIGHT = 8
_CHUNK_TASKS = 250
_CHUNK_BYTES = 1_000_000
"""The most bytes of inputs and parameters (as JSON) in one job; far below the largest request."""
_POLL_SECONDS = (0.05, 1.0)
"""Pauses between two reads of the same page: the first, and the longest; each is twice the one before it."""

Chunk = list[TaskSpec]


def ordered_map(
    client: "Client", op: str, inputs: Iterable[Any], params: dict[str, Any], priority: Priority | None = None
) -> Iterator[Task]:
    """Yield the ended task of each input, in the order of the inputs.

    Inputs are read as results are taken: a few jobs are in flight, however many inputs there are. What is in flight is
    cancelled when the iterator is closed.
    """
    waiting: deque[tuple[Job, int]] = deque()
    starting = _start(client, op, inputs, params, priority)
    try:
        while True:
            while len(waiting) < _JOBS_IN_FLIGHT and (started := next(starting, None)):
                waiting.append(started)
            if not waiting:
                return
            yield from _ended_tasks(client, *waiting[0])
            waiting.popleft()
    finally:
        for job, _ in waiting:
            with contextlib.suppress(UmbelError):
                job.cancel()


def _start(
    client: "Client", op: str, inputs: Iterable[Any], params: dict[str, Any], priority: Priority | None
) -> Iterator[tuple[Job, int]]:
    """Start jobs for the inputs; yield each job and the number of its tasks.

    A deployment may take fewer tasks in a job than a chunk has: then it is halved, and so are those after it.
    """
    most = _CHUNK_TASKS
    for chunk in _chunks(op, inputs, params):
        if isinstance(chunk, TaskSpec):
            yield client.start(op, chunk.input, priority=priority, **params), 1
            continue
        left = chunk
        while left:
            part = left[:most]
            try:
                job = client.submit(Manifest(part, name=op, priority=priority))
            except ApiError as error:
                if error.code != "too_many_tasks" or len(part) == 1:
                    raise
                most = len(part) // 2
                continue
            left = left[most:]
            yield job, len(part)


def _chunks(op: str, inputs: Iterable[Any], params: dict[str, Any]) -> Iterator[Chunk | TaskSpec]:
    """Yield lists of inputs, each for one job, and single inputs that are files: each of these is a job of its own."""
    chunk: Chunk = []
    size = 0
    for value in inputs:
        spec = TaskSpec(op, value, params)
        if isinstance(value, Path | bytes):
            if chunk:
                yield chunk
                chunk, size = [], 0
            yield spec
            continue
        length = len(msgspec.json.encode(spec))
        if chunk and (len(chunk) == _CHUNK_TASKS or size + length > _CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(spec)
        size += length
    if chunk:
        yield chunk


def _ended_tasks(client: "Client", job: Job, count: int) -> Iterator[Task]:
    """Yield a job's tasks in order, each when it has ended; one page of them is in memory."""
    cursor, yielded, pause = None, 0, _POLL_SECONDS[0]
    while count:
        page = listing.task_page(client.http, job.id, cursor)
        fresh = list(takewhile(lambda task: task.ended, page.tasks[yielded:]))
        yield from fresh
        count -= len(fresh)
        yielded += len(fresh)
        if page.cursor and yielded == len(page.tasks):
            cursor, yielded, pause = page.cursor, 0, _POLL_SECONDS[0]
        elif count:
            if not page.tasks and job.refresh().ended:
                raise _not_planned(job)
            time.sleep(pause)
            pause = min(2 * pause, _POLL_SECONDS[1])


def _not_planned(job: Job) -> TaskError:
    """Return the error of a job that ended before it had tasks."""
    for error in job.errors:
        return TaskError(error.code, error.message)
    return TaskError(job.status, f"{job.id} was {job.status} before it had tasks")

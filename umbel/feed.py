"""Follow jobs until they end: by the WebSocket while there is a connection, by polling when there is none."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, Literal
from urllib.parse import quote

import msgspec
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from umbel.errors import ApiError
from umbel.job_state import JobState
from umbel.listing import task_page
from umbel.transport import Transport
from umbel_core.contract import (
    Job,
    JobMessage,
    PingAction,
    ServerMessage,
    SnapshotMessage,
    SubscribeAction,
    Task,
    TaskMessage,
)

Change = JobMessage | TaskMessage

_POLL_SECONDS = 2.0
"""Seconds without a message after which jobs are polled: the connection or a message may be lost."""
_SILENT_SECONDS = 20.0
"""Seconds after which a job about which nothing arrives is polled, although messages of others arrive."""
_TICK_SECONDS = 0.2
_PING_SECONDS = 300.0
"""API Gateway closes a connection that is silent for ten minutes."""
_CONNECT_AGAIN_SECONDS = 2.0
_ALL_JOBS = "*"


class Feed:
    """Changes of the followed jobs. `follow` and `forget` may be called from any thread, `changes` from one.

    With `everything`, one subscription is for all jobs: for a program that follows many short jobs. With
    `jobs_only`, tasks are left out.
    """

    def __init__(
        self, http: Transport, socket_url: str | None, *, everything: bool = False, jobs_only: bool = False
    ) -> None:
        self._http = http
        self._socket_url = socket_url
        self._everything = everything
        self._jobs_only = jobs_only
        self._jobs: dict[str, JobState] = {}
        self._to_subscribe = self._topics()
        self._lock = threading.Lock()
        self._socket: ClientConnection | None = None
        self._tried_at = float("-inf")
        self._open = contextlib.ExitStack()

    def follow(self, job_id: str) -> None:
        """Follow one more job."""
        with self._lock:
            self._jobs.setdefault(job_id, JobState())
            if not self._everything:
                self._to_subscribe.append(job_id)

    def forget(self, job_id: str) -> None:
        """Stop following a job, and forget its record and tasks."""
        with self._lock:
            self._jobs.pop(job_id, None)

    def ended(self, job_id: str) -> bool:
        """Return True once `changes` has yielded the job's last record and the end of all its tasks."""
        return job_id in self._jobs and self._jobs[job_id].ended

    def changes(self, until: Callable[[], bool]) -> Iterator[Change]:
        """Yield each change of a job or task until `until` returns True.

        Of each record only newer versions are yielded. The end of every task is yielded before the last record of its
        job, whatever messages were lost.
        """
        polled = checked = pinged = time.monotonic()
        try:
            while not until():
                self._subscribe()
                for change in self._receive():
                    polled = time.monotonic()
                    yield change
                if time.monotonic() - polled > _POLL_SECONDS:
                    polled = time.monotonic()
                    yield from self._poll()
                if time.monotonic() - checked > _SILENT_SECONDS:
                    checked = time.monotonic()
                    yield from self._poll(silent_since=checked - _SILENT_SECONDS)
                if time.monotonic() - pinged > _PING_SECONDS:
                    pinged = time.monotonic()
                    self._send(PingAction())
        finally:
            self._open.close()

    def read(self, job_id: str, *, tasks: bool = False) -> Iterator[Change]:
        """Read a job from the API; when it has ended, or with `tasks`, also its ended tasks that are not known yet."""
        state = self._jobs.get(job_id)
        if state is None or state.ended:
            return
        job = self._http.call(Job, "GET", "jobs", job_id)
        is_news = state.is_news(job)
        if (job.ended or tasks) and not self._jobs_only:
            yield from self._missing_tasks(job_id, state)
        state.ended = job.ended
        if is_news or job.ended:
            yield JobMessage(job=job)

    def _missing_tasks(self, job_id: str, state: JobState) -> Iterator[Change]:
        cursor, skip = state.first_open_page, True
        while state.misses_tasks:
            page = task_page(self._http, job_id, cursor)
            for task in page.tasks:
                if task.ended and state.is_news(task):
                    yield TaskMessage(job_id=job_id, task=task)
            if page.cursor is None:
                return
            cursor = page.cursor
            skip = skip and all(task.ended for task in page.tasks)
            if skip:
                state.first_open_page = cursor

    def _topics(self) -> list[str]:
        return [_ALL_JOBS] if self._everything else [name for name, state in self._jobs.items() if not state.ended]

    def _subscribe(self) -> None:
        if self._socket is None:
            self._connect()
        with self._lock:
            fresh, self._to_subscribe = self._to_subscribe, []
        for topic in fresh:
            self._send(SubscribeAction(job=topic))

    def _connect(self) -> None:
        """Open a connection and subscribe again; the snapshots bring what was missed."""
        if self._socket_url is None or time.monotonic() - self._tried_at < _CONNECT_AGAIN_SECONDS:
            return
        self._open.close()
        url = f"{self._socket_url}?token={quote(self._http.token or '')}"
        with contextlib.suppress(OSError, WebSocketException):
            # By the environment's proxy to AWS, never to a local engine.
            proxy: Literal[True] | None = None if self._http.engine else True
            socket = connect(url, open_timeout=5, close_timeout=1, max_size=None, proxy=proxy)
            self._socket = self._open.enter_context(socket)
            with self._lock:
                self._to_subscribe = self._topics()
        self._tried_at = time.monotonic()

    def _send(self, action: Any) -> None:
        if self._socket is None:
            return
        try:
            self._socket.send(msgspec.json.encode(action).decode())
        except (OSError, WebSocketException):
            self._socket = None

    def _receive(self) -> Iterator[Change]:
        """Yield the changes that the connection delivers within a tick."""
        if self._socket is None:
            time.sleep(_TICK_SECONDS)
            return
        try:
            messages = _messages(self._socket.recv(timeout=_TICK_SECONDS))
        except TimeoutError:
            return
        except (OSError, WebSocketException):
            self._socket = None
            return
        # Tasks first: the last record of a job comes after them.
        for task in chain.from_iterable(map(_tasks_of, messages)):
            state = None if self._jobs_only else self._jobs.get(task.job_id)
            if state and not state.ended and state.is_news(task):
                yield TaskMessage(job_id=task.job_id, task=task)
        for job in chain.from_iterable(map(_jobs_of, messages)):
            if (state := self._jobs.get(job.id)) and not state.ended:
                if job.ended:
                    # Messages may arrive in another order, so this one may arrive before the last message of a task.
                    yield from self.read(job.id)
                elif state.is_news(job):
                    yield JobMessage(job=job)

    def _poll(self, silent_since: float = float("inf")) -> Iterator[Change]:
        """Read the jobs about which nothing arrived since then."""
        with self._lock:
            open_jobs = [(name, state) for name, state in self._jobs.items() if not state.ended]
            waiting = sorted(name for name, state in open_jobs if state.heard_at < silent_since)
        for job_id in waiting:
            try:
                yield from self.read(job_id, tasks=self._socket is None)
            except ApiError as error:
                # The job of a file that was just sent is written when its event arrives.
                if error.status != 404:
                    raise


def _messages(received: str | bytes) -> list[ServerMessage]:
    """Return the messages of one WebSocket message: a list, or the single one that deployments sent before.

    There are none in what cannot be read, such as `Internal server error` of API Gateway: a job that is silent is read.
    """
    try:
        found = msgspec.json.decode(received, type=list[ServerMessage] | ServerMessage)
    except msgspec.DecodeError:
        return []
    return found if isinstance(found, list) else [found]


def _tasks_of(message: Any) -> list[Task]:
    match message:
        case TaskMessage(task=task):
            return [task]
        case SnapshotMessage(tasks=list(tasks)):
            return tasks
    return []


def _jobs_of(message: Any) -> list[Job]:
    match message:
        case JobMessage(job=job):
            return [job]
        case SnapshotMessage(job=Job() as job):
            return [job]
        case SnapshotMessage(jobs=list(jobs)):
            return jobs
    return []

"""Generate load: submit rounds of load cases, and check, count and log each result."""

import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, BinaryIO, Literal

import msgspec

from umbel.client import Client
from umbel.errors import ApiError, UmbelError
from umbel.feed import Feed
from umbel.listing import all_tasks
from umbel.load_cases import LoadCase, load_case
from umbel_core.contract import Task, TaskAccepted, TaskMessage

Verdict = Literal["right", "wrong", "failed", "lost"]

_IN_FLIGHT = 100
"""The most tasks that wait for a result at a time, so that rounds without a pause measure the pipeline's throughput."""
_POLL_INTERVAL = 5.0
"""Seconds after which a task is polled, because its WebSocket message may have been lost."""
PATIENCE = 60.0
"""Seconds after the last submission, after which a task without a result counts as lost."""


class LoadPeriod(msgspec.Struct):
    """The counters of the tasks of one type."""

    sent: int = 0
    right: int = 0
    wrong: int = 0
    failed: int = 0
    lost: int = 0
    total_ms: float = 0
    worst_ms: float = 0

    @property
    def answered(self) -> int:
        """The number of tasks that have ended, well or not."""
        return self.right + self.wrong + self.failed

    @property
    def waiting(self) -> int:
        """The number of tasks whose result has not arrived yet."""
        return self.sent - self.answered - self.lost

    @property
    def average_ms(self) -> float | None:
        """The average time from the submission to the result, in milliseconds; None before the first result."""
        return self.total_ms / self.answered if self.answered else None

    def take(self, verdict: Verdict, took_ms: float) -> None:
        """Count one task with this verdict."""
        setattr(self, verdict, getattr(self, verdict) + 1)
        if verdict != "lost":
            self.total_ms += took_ms
            self.worst_ms = max(self.worst_ms, took_ms)

    def __add__(self, other: "LoadPeriod") -> "LoadPeriod":
        names = [name for name in self.__struct_fields__ if name != "worst_ms"]
        summed = {name: getattr(self, name) + getattr(other, name) for name in names}
        return LoadPeriod(**summed, worst_ms=max(self.worst_ms, other.worst_ms))


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the log: a task, its result and the verdict."""

    at: str
    id: str | None
    type: str
    payload: Any
    expected: Any = msgspec.UNSET
    verdict: Verdict
    result: Any = None
    error: str | None = None
    took_ms: int


class _Sent(msgspec.Struct):
    load_case: LoadCase
    at: str
    start: float
    polled: float


class Load:
    """Submits rounds in a separate thread, and receives the results in the thread that calls `run`."""

    def __init__(self, client: Client, types: Collection[str], every: float, log: BinaryIO) -> None:
        self._client = client
        self._types = types
        self._every = every
        self._log = log
        self._feed = Feed(client.http, client.socket, everything=True)
        self._waiting: dict[str, _Sent] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self.op_stats: dict[str, LoadPeriod] = {}
        self.rounds = 0
        self.started = self.now = self.next_round = time.monotonic()

    @property
    def total(self) -> LoadPeriod:
        """The counters of all types together."""
        # The copy is needed because the other thread may add a type during the sum.
        return sum(list(self.op_stats.values()), LoadPeriod())

    @property
    def per_second(self) -> float:
        """The number of ended tasks per second since the start."""
        return self.total.answered / max(self.now - self.started, 0.001)

    @property
    def stopping(self) -> bool:
        """True when no more rounds will be submitted."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Submit no more rounds; `run` returns when the last results have arrived, or after `PATIENCE` seconds."""
        self._stopping.set()

    def run(self, seconds: float | None, tick: Callable[[], object]) -> None:
        """Submit rounds and receive results until stopped, or for this many seconds; call `tick` regularly."""
        until = self.started + (seconds or float("inf"))
        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(self._send_rounds)

            def over() -> bool:
                self.now = time.monotonic()
                tick()
                self._poll()
                if self.now > until or sending.done():
                    self.stop()
                return sending.done() and (not self._waiting or self.now > self._deadline)

            try:
                for change in self._feed.changes(over):
                    if isinstance(change, TaskMessage):
                        self._take(change.task)
            finally:
                self.stop()
            sending.result()
        for task in list(self._waiting):
            self._conclude(task, "lost", error=f"no result within {PATIENCE:.0f} s of the last round")

    @property
    def _deadline(self) -> float:
        return max((sent.start for sent in self._waiting.values()), default=0.0) + PATIENCE

    def _send_rounds(self) -> None:
        while not self.stopping:
            self.next_round = time.monotonic() + self._every
            for case in filter(None, map(load_case, self._ready())):
                # The order of the waiting tasks does not matter, so a short pause is enough.
                while len(self._waiting) >= _IN_FLIGHT and not self.stopping:
                    self._stopping.wait(0.02)
                if self.stopping:
                    return
                self._send(case)
            self.rounds += 1
            self._stopping.wait(max(0.0, self.next_round - time.monotonic()))

    def _ready(self) -> Iterator[dict[str, Any]]:
        """Yield the chosen ops that are ready at this moment."""
        for op in self._client.ops():
            if op.state == "ready" and (not self._types or op.name in self._types):
                yield msgspec.to_builtins(op)

    def _send(self, case: LoadCase) -> None:
        sent = _Sent(case, datetime.now(UTC).isoformat(timespec="milliseconds"), time.monotonic(), time.monotonic())
        with self._lock:
            self.op_stats.setdefault(case.op, LoadPeriod()).sent += 1
        try:
            job_id = self._submit(case)
        except UmbelError as error:
            if isinstance(error, ApiError) and error.status in (401, 403):
                raise  # a retry with this token would fail as well
            self._count(None, sent, "failed", error=str(error))
            return
        self._waiting[job_id] = sent
        self._feed.follow(job_id)

    def _submit(self, case: LoadCase) -> str:
        path, body = case.request()
        if path == "/tasks":
            return self._client.http.start(TaskAccepted, "tasks", body).id
        return self._client.submit(body).id

    def _take(self, task: Task) -> None:
        """Check a task that has ended."""
        sent = self._waiting.get(task.job_id)
        if sent is None or not task.ended:
            return
        if task.status != "completed":
            self._conclude(task.job_id, "failed", error=task.error.message if task.error else task.status)
        else:
            # The signed URL is left out: it expires, and it would give readers of the log access to the result.
            result = task.result
            if isinstance(result, dict):
                result = {name: value for name, value in result.items() if name != "url"}
            self._conclude(task.job_id, "right" if sent.load_case.is_right(result) else "wrong", result)

    def _poll(self) -> None:
        """Poll the tasks that have sent no message for some time."""
        for job, sent in list(self._waiting.items()):
            if self.now - sent.polled > _POLL_INTERVAL:
                sent.polled = self.now
                for task in all_tasks(self._client.http, job):
                    self._take(task)

    def _conclude(self, job: str, verdict: Verdict, result: Any = None, error: str | None = None) -> None:
        self._feed.forget(job)
        self._count(job, self._waiting.pop(job), verdict, result, error)

    def _count(
        self, job: str | None, sent: _Sent, verdict: Verdict, result: Any = None, error: str | None = None
    ) -> None:
        took = (time.monotonic() - sent.start) * 1000
        case = sent.load_case
        entry = Entry(
            at=sent.at,
            id=job,
            type=case.op,
            payload=case.payload,
            expected=case.expected,
            verdict=verdict,
            result=result,
            error=error,
            took_ms=round(took),
        )
        with self._lock:
            self.op_stats[case.op].take(verdict, took)
            self._log.write(msgspec.json.encode(entry) + b"\n")
            self._log.flush()

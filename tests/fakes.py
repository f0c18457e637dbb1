"""In-memory fakes of the adapters. tests/core/ holds fakes and adapters to the same tests.

A fake may crash before an effect, which loses the effect, and after it, which loses only the answer.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import inf
from typing import Any, TypeVar

import msgspec

from umbel_core.aws.dynamo import Item, item, record
from umbel_core.aws.idempotency import KeyedRequest
from umbel_core.aws.keys import event_key, job_key, job_partition, task_key
from umbel_core.clock import epoch, now
from umbel_core.contract.responses import OpStatus
from umbel_core.errors import Rejected
from umbel_core.fused_lane import packed
from umbel_core.intake_messages import ObjectCreated
from umbel_core.lanes import Backlog
from umbel_core.ledger import NO_ANSWER, AlreadyRunningError, DeadLetter, Event, JobRecord, Outcome, TaskRecord
from umbel_core.messages import MAX_TOPICS, JobCommand, RunTask
from umbel_core.op import Compute
from umbel_core.op_stats import FOREVER, CountedStats, OpStats, PeriodStats, minute_of
from umbel_core.pushing import Push
from umbel_core.sweeper_state import SweeperState

Record = TypeVar("Record", JobRecord, TaskRecord)
Key = tuple[str, str]


class CrashError(BaseException):
    """Raised where a process crashes. It is no `Exception`, so that no `except Exception` handles it."""


class Crashes:
    """Ends the process at a chosen moment."""

    def __init__(self) -> None:
        self._left: int | None = None

    def crash_at(self, moment: int | None) -> None:
        """End the process after so many moments from now; None: never."""
        self._left = moment

    def moment(self) -> None:
        """Mark one moment between two effects, at which the process may crash."""
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                self._left = None
                raise CrashError


NO_CRASHES = Crashes()


class FakeLedger:
    """`umbel_core.ledger.Ledger` in two dicts, with the stream that DynamoDB would send."""

    def __init__(self, crashes: Crashes = NO_CRASHES) -> None:
        self._crashes = crashes
        self._items: dict[Key, Item] = {}
        self._taken: Counter[str] = Counter()
        self._dead: dict[Key, DeadLetter] = {}
        self._cancelled: set[str] = set()
        self._stopped: dict[tuple[str, str], str] = {}
        self._op_stats: dict[str, Item] = {}
        self._repeats: dict[str, Counter[str]] = defaultdict(Counter)
        self._planned: Counter[str] = Counter()
        self._ops: list[str] | None = None
        self._sweeper_state: Item = {}
        self.stream: list[dict[str, Any]] = []
        self.now: Callable[[], str] = now

    def expect(self, job: JobRecord) -> None:
        self._crashes.moment()
        if self.job(job.id) is None:
            self._put(job_key(job.id), job)
        self._crashes.moment()

    def claim(self, job_id: str, upload: str) -> bool:
        there = self.job(job_id)
        if there is None or there.upload not in (None, upload):
            return False
        self._crashes.moment()
        self._put(job_key(job_id), msgspec.structs.replace(there, upload=upload))
        self._crashes.moment()
        return True

    def plan(self, job: JobRecord, tasks: Sequence[TaskRecord], *, only_new: bool = False) -> bool:
        if only_new and self.job(job.id):
            return False
        writes: list[TaskRecord | JobRecord] = [*tasks, job]
        written = False
        for start in range(0, len(writes), 3):  # 3 instead of DynamoDB's 100, so that small jobs need several, too
            chunk = writes[start : start + 3]
            self._crashes.moment()
            written = all(self._is_new(entry) for entry in chunk)
            for entry in chunk if written else ():
                self._put(
                    job_key(entry.id) if isinstance(entry, JobRecord) else task_key(entry.job_id, entry.index), entry
                )
        if written:
            self._planned.update(task.op for task in tasks)
        self._crashes.moment()
        return written

    def _is_new(self, entry: TaskRecord | JobRecord) -> bool:
        if isinstance(entry, TaskRecord):
            return self.task(entry.job_id, entry.index) is None
        there = self.job(entry.id)
        return there is None or (not there.planned and (there.status == "cancelled") == (entry.status == "cancelled"))

    def commit(self, task: RunTask, outcome: Outcome) -> bool:
        stop = task.group if task.stop_group and outcome.status == "failed" else None
        return self._move(task, msgspec.structs.asdict(outcome), stop)

    def stopped(self, job_id: str, group: str) -> str | None:
        return self._stopped.get((job_id, group))

    def begin(self, task: RunTask, claim: str, seconds: int, *, again: bool) -> TaskRecord | None:
        there, moment = self.task(task.job_id, task.index), epoch()
        open_here = there is not None and there.round == task.round and there.status in ("pending", "running")
        if there and open_here and there.claimed_until > moment:
            raise AlreadyRunningError(there.claimed_until - moment)
        tries: dict[str, Any] = {"begun": there.begun + 1, "attempts": there.attempts + 1} if there else {}
        if there and again and not there.last_error:
            tries["last_error"] = NO_ANSWER
        claimed = {"claimed_by": claim, "claimed_until": moment + seconds}
        return self.task(task.job_id, task.index) if self._move(task, tries | claimed) else None

    def pass_time(self, seconds: int) -> None:
        """Let time pass without anything happening, as until the message of a killed worker is visible again."""
        for key, found in self._items.items():
            if "claimed_until" in found:
                moved = int(found["claimed_until"]["N"]) - seconds
                self._items[key] = {**found, "claimed_until": {"N": str(moved)}}

    def count_repeat(self, task: RunTask, cost_nano: int) -> None:
        self._crashes.moment()
        self._repeats[minute_of(now())].update([task.op])
        if there := self.task(task.job_id, task.index):
            costlier = msgspec.structs.replace(there, cost_nano=there.cost_nano + cost_nano)
            self._put(task_key(task.job_id, task.index), costlier)
        self._crashes.moment()

    def mark_received(self, task: RunTask) -> None:
        self._move(task, {"received": True})

    def start(self, task: RunTask, attempts: int, started_at: str) -> bool:
        return self._move(task, {"status": "running", "attempts": attempts, "started_at": started_at})

    def record_error(
        self, task: RunTask, attempts: int | None, reason: str, *, transient: bool = False, cost_nano: int = 0
    ) -> None:
        there = self.task(task.job_id, task.index)
        counted = (there.transient_refusals if there else 0) + transient
        ended = {} if attempts is None else {"attempts": attempts, "begun": 0, "claimed_until": 0}
        self._move(task, {"last_error": reason[:1000], "transient_refusals": counted, "cost_nano": cost_nano, **ended})

    def take_next(self, job_id: str) -> int:
        self._taken[job_id] += 1
        return self._taken[job_id] - 1

    def job(self, job_id: str) -> JobRecord | None:
        return self._get(JobRecord, job_key(job_id))

    def task(self, job_id: str, index: int) -> TaskRecord | None:
        return self._get(TaskRecord, task_key(job_id, index))

    def tasks(
        self, job_id: str, status: str | None, limit: int, cursor: str | None
    ) -> tuple[list[TaskRecord], str | None]:
        found = [task for task in self.all_tasks(job_id, status) if task.index > int(_checked(cursor) or -1)]
        return found[:limit], str(found[limit - 1].index) if len(found) > limit else None

    def jobs(
        self, limit: int, cursor: str | None, status: str | None = None, kind: str | None = None
    ) -> tuple[list[JobRecord], str | None]:
        every = (record(JobRecord, entry) for (_, sk), entry in self._items.items() if sk == "JOB")
        wanted = [job for job in every if status in (None, job.status) and kind in (None, job.kind)]
        newest = sorted(wanted, key=lambda job: job.created_at, reverse=True)
        start = int(_checked(cursor) or 0)
        return newest[start : start + limit], str(start + limit) if len(newest) > start + limit else None

    def cancel(self, job_id: str) -> JobRecord | None:
        found = self.job(job_id)
        if found is None or found.ended:
            return found
        self._crashes.moment()
        self._cancelled.add(job_id)
        stopped = msgspec.structs.replace(found, status="cancelled", updated_at=now(), version=found.version + 1)
        self._put(job_key(job_id), stopped)
        self._crashes.moment()
        return stopped

    def resume(self, job_id: str) -> None:
        found = self.job(job_id)
        if found and found.status in ("cancelled", "failed"):
            self._crashes.moment()
            self._cancelled.discard(job_id)
            self._put(job_key(job_id), msgspec.structs.replace(found, status="pending", version=found.version + 1))
            self._crashes.moment()

    def set_sending(self, job: JobRecord) -> JobRecord | None:
        self._crashes.moment()
        there = self.job(job.id)
        if there is None or there.version != job.version:
            return None
        written = msgspec.structs.replace(
            there, held=job.held, sending=job.sending, updated_at=now(), version=job.version + 1
        )
        self._put(job_key(job.id), written)
        self._crashes.moment()
        return written

    def cancelled(self, job_ids: Iterable[str]) -> frozenset[str]:
        return frozenset(job_ids) & self._cancelled

    def reopen(self, job_id: str, indices: Iterable[int] | None, *, waiting: bool = False) -> list[TaskRecord]:
        anew = {"failed", "skipped"} | ({"pending"} if waiting else set())
        wanted = None if indices is None else set(indices)
        reopened = []
        for task in list(self.all_tasks(job_id)):
            if wanted is not None and task.index not in wanted:
                continue
            if task.status in anew and not task.may_be_running:
                self._crashes.moment()
                task = TaskRecord(  # noqa: PLW2901
                    **{name: getattr(task, name) for name in ("job_id", "index", "op", "variant", "input", "params")},
                    **{name: getattr(task, name) for name in ("group", "visit_time", "etag", "object_version")},
                    **{
                        name: getattr(task, name)
                        for name in ("after", "after_ended", "stop_group", "shared", "priority", "fused")
                    },
                    queued_at=now(),
                    cost_nano=task.cost_nano,
                    round=task.round + 1,
                    version=task.version + 1,
                )
                self._put(task_key(job_id, task.index), task)
                self._stopped.pop((job_id, task.group or ""), None)
            if task.status == "pending":
                reopened.append(task)
        return reopened

    def all_tasks(self, job_id: str, status: str | None = None) -> Iterator[TaskRecord]:
        of_job = sorted(key for key in self._items if key[0] == job_partition(job_id) and key[1] != "JOB")
        found = (record(TaskRecord, self._items[key]) for key in of_job)
        return (task for task in found if status in (None, task.status))

    def tasks_at(self, job_id: str, indices: Iterable[int]) -> list[TaskRecord]:
        return [task for index in sorted(indices) if (task := self.task(job_id, index))]

    def put_dead_letter(self, dead_letter: DeadLetter) -> None:
        self._crashes.moment()
        self._dead[dead_letter.op, dead_letter.id] = dead_letter
        self._crashes.moment()

    def dead_letters(self, op: str) -> list[DeadLetter]:
        return [dead_letter for (of, _), dead_letter in self._dead.items() if of == op]

    def redrivable(self, op: str, most: int) -> list[DeadLetter]:
        return [dead_letter for dead_letter in self.dead_letters(op) if dead_letter.is_redrivable][:most]

    def delete_dead_letter(self, dead_letter: DeadLetter) -> None:
        self._crashes.moment()
        self._dead.pop((dead_letter.op, dead_letter.id), None)
        self._crashes.moment()

    def unfinished(self, limit: int, after: tuple[str, str] | None = None) -> list[str]:
        jobs = sorted((job.created_at, job.id) for job in self.jobs(10_000, None)[0] if job.has_open_tasks)
        return [job_id for created_at, job_id in jobs if after is None or (created_at, job_id) > after][:limit]

    def republish(self, job_id: str, indices: Iterable[int], before: str) -> Iterator[TaskRecord]:
        for task in [task for task in self.all_tasks(job_id) if task.index in set(indices)]:
            if task.is_unsent(before):
                yield task
            elif task.is_silent(before):
                self._crashes.moment()
                again = msgspec.structs.replace(
                    task,
                    publication=task.publication + 1,
                    published_at=self.now(),
                    published_for=before,
                    version=task.version + 1,
                )
                self._put(task_key(job_id, task.index), again)
                yield again

    def sweeper_state(self) -> SweeperState:
        return record(SweeperState, self._sweeper_state)

    def keep_sweeper_state(self, state: SweeperState) -> None:
        self._crashes.moment()
        self._sweeper_state = item(state)
        self._crashes.moment()

    def last_tasks(self, job_id: str, limit: int) -> list[TaskRecord]:
        return list(self.all_tasks(job_id))[::-1][:limit]

    def record_event(self, event: Event) -> None:
        self._crashes.moment()
        self._put(event_key(event.at, event.id), event)
        self._crashes.moment()

    def replace_deployed_ops(self, ops: Iterable[str]) -> list[str] | None:
        before, self._ops = self._ops, list(ops)
        return before

    def forget_lanes(self) -> None:
        pass  # it keeps none

    def migrate(self) -> int:
        return 0  # it is always of this version

    def read(self, jobs: Iterable[str], periods: Iterable[str]) -> tuple[dict[str, JobRecord], dict[str, PeriodStats]]:
        """Read as `DynamoCounters` does, with one shard."""
        found = {job.id: job for job in map(self.job, jobs) if job}
        return found, {period: self._period_stats(period) for period in periods}

    def write(self, jobs: Sequence[tuple[JobRecord, JobRecord]], op_stats: Iterable[PeriodStats]) -> bool:
        """As `DynamoCounters` does."""
        self._crashes.moment()
        for old, _ in jobs:
            there = self.job(old.id)
            if there is None or there.version != old.version:
                return False
        if any(stats.version != self._period_stats(stats.period).version for stats in op_stats):
            return False
        for _, new in jobs:
            self._put(job_key(new.id), new)
        for stats in op_stats:
            self._op_stats[stats.period] = item(msgspec.structs.replace(stats, version=stats.version + 1))
        self._crashes.moment()
        return True

    def counted(self, since: str) -> CountedStats:
        """As `DynamoCounters` does."""
        counted = CountedStats()
        counted.add(PeriodStats(FOREVER, {op: OpStats(entered={"pending": n}) for op, n in self._planned.items()}))
        for period, counts in self._repeats.items():
            counted.add(PeriodStats(period, {op: OpStats(repeats=count) for op, count in counts.items()}))
        for period in self._op_stats:
            if period >= since:
                counted.add(self._period_stats(period))
        return counted

    def roll_up(self) -> int:
        return 0  # there is only one writer

    def _period_stats(self, period: str) -> PeriodStats:
        return record(PeriodStats, self._op_stats[period]) if period in self._op_stats else PeriodStats(period)

    def _move(self, command: RunTask, changes: dict[str, Any], stop: str | None = None) -> bool:
        self._crashes.moment()
        task = self.task(command.job_id, command.index)
        if task is None or task.status not in ("pending", "running") or task.round != command.round:
            return False
        changes = {name: value for name, value in changes.items() if value is not None}
        changes["cost_nano"] = task.cost_nano + changes.get("cost_nano", 0)
        moved = msgspec.structs.replace(task, **changes, version=task.version + 1)
        self._put(task_key(task.job_id, task.index), moved)
        if stop:
            self._stopped[task.job_id, stop] = f"The group '{stop}' was stopped by its task {task.index}."
        self._crashes.moment()
        return True

    def _get(self, kind: type[Record], key: Item) -> Record | None:
        found = self._items.get((key["pk"]["S"], key["sk"]["S"]))
        return record(kind, found) if found else None

    def _put(self, key: Item, new: JobRecord | TaskRecord | Event) -> None:
        place = key["pk"]["S"], key["sk"]["S"]
        old, self._items[place] = self._items.get(place), item(new)
        images = {"NewImage": self._items[place]} | ({"OldImage": old} if old else {})
        change = {"Keys": key, "SequenceNumber": str(len(self.stream) + 1), **images}
        self.stream.append({"eventName": "MODIFY" if old else "INSERT", "dynamodb": change})


def _checked(cursor: str | None) -> str | None:
    """Return a cursor of ours; raise the adapter's `Rejected` for any other."""
    if cursor and not cursor.isdigit():
        raise Rejected(
            "invalid_cursor", "This cursor does not come from this list; start without a cursor.", ("cursor",)
        )
    return cursor


class FakeTasks:
    """Keeps the published messages."""

    def __init__(self, crashes: Crashes = NO_CRASHES) -> None:
        self._crashes = crashes
        self.messages: list[bytes] = []

    def publish(self, commands: Iterable[RunTask]) -> int:
        count = 0
        for command in packed(commands):
            self._crashes.moment()
            self.messages.append(msgspec.json.encode(command))
            count += len(command.tasks)
        self._crashes.moment()
        return count

    @property
    def commands(self) -> list[RunTask]:
        """The published tasks."""
        return [msgspec.json.decode(message, type=RunTask) for message in self.messages]


class FakeIdempotencyKeys:
    """The keys of the last requests."""

    def __init__(self, crashes: Crashes = NO_CRASHES) -> None:
        self._crashes = crashes
        self._kept: dict[str, KeyedRequest] = {}

    def first(self, key: str, keyed: KeyedRequest) -> KeyedRequest:
        self._crashes.moment()
        there = self._kept.get(key)
        if there is None or there.expire_at <= epoch():
            self._kept[key] = there = keyed
        self._crashes.moment()
        return there


class FakeBucket:
    """A bucket, for uploads, pictures and results."""

    def __init__(self, crashes: Crashes = NO_CRASHES) -> None:
        self._crashes = crashes
        self.objects: dict[str, bytes] = {}
        self.versions: dict[tuple[str, str], bytes] = {}

    def upload(self, key: str, data: bytes) -> str:
        """Put an object, whether there is one or not; return its version."""
        version = f"v{len(self.versions)}"
        self.objects[key] = self.versions[key, version] = data
        return version

    def write(self, key: str, data: bytes) -> None:
        self._crashes.moment()
        if key not in self.objects:
            self.upload(key, data)
        self._crashes.moment()

    def put(self, key: str, data: bytes, content_type: str) -> None:
        self._crashes.moment()
        self.objects[key] = data
        self._crashes.moment()

    def read(self, key: str, etag: str = "", version: str = "") -> bytes:
        if (key, version) in self.versions:
            return self.versions[key, version]
        if key not in self.objects or etag not in ("", self.etag(key)):
            raise Rejected("superseded", f"'{key}' was removed or replaced before it was read.")
        return self.objects[key]

    def fetch(self, key: str, etag: str | None, version: str | None = None) -> bytes:
        if key not in self.objects:
            raise Rejected("no_such_picture", f"There is no picture '{key}' in the uploads bucket.")
        return self.read(key, etag or "", version or "")

    def find(self, key: str) -> ObjectCreated | None:
        if key not in self.objects:
            return None
        return ObjectCreated("uploads-bucket", key, len(self.objects[key]), self.etag(key), "")

    def etag(self, key: str) -> str:
        """Return the ETag that S3 gives a small object."""
        return hashlib.md5(self.objects[key], usedforsecurity=False).hexdigest()

    def ticket(self, key: str, content_type: str, max_bytes: int, seconds: int) -> dict[str, Any]:
        return {"url": "https://uploads.example", "fields": {"key": key, "Content-Type": content_type}}

    def link(self, key: str) -> str:
        return f"https://results.example/{key}"


class FakeConnections:
    """Connections, their subscriptions and the messages that they received."""

    def __init__(self, end_job: Callable[[str], object], crashes: Crashes = NO_CRASHES) -> None:
        self._end_job = end_job
        self._crashes = crashes
        self._topics: dict[str, set[str]] = defaultdict(set)
        self._roles: dict[str, str] = {}
        self._tokens: dict[str, str] = {}
        self._jobs: dict[str, list[str]] = defaultdict(list)
        self.received: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.ticker_run = ""
        self.gone: set[str] = set()
        self.seconds: float | None = None
        """The time limit of the last `send`."""

    def add(self, socket: str, role: str, token: str = "") -> None:
        self.received[socket] = []
        self._tokens[socket] = token
        self._roles[socket] = role

    def role(self, socket: str) -> str:
        return self._roles.get(socket, "")

    def bind_job(self, socket: str, job_id: str) -> bool:
        if socket not in self._roles:
            return False
        self._jobs[socket].append(job_id)
        return True

    def remove(self, socket: str) -> None:
        for job_id in self._jobs.pop(socket, []):
            self._end_job(job_id)
        for sockets in self._topics.values():
            sockets.discard(socket)
        self._roles.pop(socket, None)

    def close_all(self, token: str) -> int:
        sockets = [socket for socket, own in self._tokens.items() if own == token and socket in self._roles]
        for socket in sockets:
            self.remove(socket)
        return len(sockets)

    def subscribe(self, socket: str, topic: str) -> bool:
        own = [each for each, sockets in self._topics.items() if socket in sockets]
        if topic not in own and len(own) >= MAX_TOPICS:
            return False
        self._topics[topic].add(socket)
        return True

    def unsubscribe(self, socket: str, topic: str) -> None:
        self._topics[topic].discard(socket)

    def claim_ticker(self, run: str) -> None:
        self.ticker_run = run

    def holds_ticker(self, run: str) -> bool:
        return self.ticker_run == run

    def subscribers(self, topics: list[str]) -> dict[str, set[str]]:
        return {topic: set(self._topics[topic]) for topic in topics if self._topics.get(topic)}

    def send(self, messages: Mapping[str, Sequence[bytes]], seconds: float = inf) -> None:
        self.seconds = seconds
        self._crashes.moment()
        for socket, sent in messages.items():
            if socket in self.gone:
                self.remove(socket)
                continue
            self.received[socket] += [msgspec.json.decode(message) for message in sent]
        self._crashes.moment()


class FakeFanout:
    """The fan-out's queue."""

    def __init__(self, crashes: Crashes = NO_CRASHES) -> None:
        self._crashes = crashes
        self.pushes: list[Push] = []

    def send(self, push: Push) -> None:
        self._crashes.moment()
        self.pushes.append(push)
        self._crashes.moment()


class FakeIntake:
    """The coordinator's queue."""

    def __init__(self, crashes: Crashes = NO_CRASHES) -> None:
        self._crashes = crashes
        self.bodies: list[str] = []

    def retry(self, command: JobCommand) -> None:
        self.again(msgspec.json.encode(command).decode())

    def waiting(self) -> int:
        return len(self.bodies)

    def again(self, body: str) -> None:
        self._crashes.moment()
        self.bodies.append(body)
        self._crashes.moment()


class FakeLanes:
    """The lanes of ops: how many messages each queue has, and which are paused."""

    def __init__(self, *ops: str) -> None:
        self.queues: dict[str, int] = dict.fromkeys(ops, 0)
        self.in_flight: dict[str, int] = {}
        self.paused: set[str] = set()

    def health(self) -> dict[str, OpStatus]:
        return {op: "paused" if op in self.paused else "ready" for op in self.queues}

    def backlogs(self, computes: Mapping[str, Compute]) -> dict[str, Backlog]:
        return {op: Backlog(waiting=self.queues[op], in_flight=self.in_flight.get(op, 0)) for op in computes}

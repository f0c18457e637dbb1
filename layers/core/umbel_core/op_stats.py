"""Statistics of tasks for each op, of all time and of each minute. Pure functions, without any storage."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from umbel_core.contract.records import TaskStatus
from umbel_core.fold import TaskChange
from umbel_core.ledger import JobRecord, TaskRecord

FOREVER = "TOTAL"
MINUTE = "MINUTE#"
MINUTE_SECONDS = 2 * 3600
"""How long a minute's stats are kept."""
NAMED_WORKERS = 500
"""The execution environments that the stats of a minute name, of all ops: a record has at most 400 kB."""
STEPS_PER_DOUBLING = 4
"""Durations are counted in steps, four for each doubling; a percentile read from them is within 9 % of the real one."""


class WorkerStats(msgspec.Struct, omit_defaults=True):
    """The runs of one execution environment."""

    runs: int = 0
    ms: int = 0
    seen: str = ""
    """When it last ended a task."""


class OpStats(msgspec.Struct, omit_defaults=True):
    """Counters of one op. They only grow; tasks in a status = entered - left."""

    entered: dict[TaskStatus, int] = {}
    left: dict[TaskStatus, int] = {}
    runs: int = 0
    """Runs that ended in `completed` or `failed`."""
    ms: int = 0
    """Total duration of these runs."""
    repeats: int = 0
    """Further runs for the same tasks: earlier attempts, and duplicates that ended after their task."""
    last_success: str = ""
    steps: dict[int, int] = {}
    """Step of duration (`step_of`) -> number of runs. Kept for each minute, not for all time."""
    workers: dict[str, WorkerStats] = {}
    """Kept for each minute, not for all time."""

    def count(self, status: TaskStatus) -> int:
        """Return the number of tasks that have this status now."""
        return self.entered.get(status, 0) - self.left.get(status, 0)

    @property
    def executions_per_task(self) -> float | None:
        """How often the op ran for each task that it ended, or None when it ended none. 1 when nothing was repeated."""
        return round((self.runs + self.repeats) / self.runs, 3) if self.runs else None

    def add(self, other: "OpStats") -> None:
        """Add the counters of another writer or of another minute."""
        _add(self.entered, other.entered)
        _add(self.left, other.left)
        _add(self.steps, other.steps)
        self.runs += other.runs
        self.ms += other.ms
        self.repeats += other.repeats
        self.last_success = max(self.last_success, other.last_success)
        for name, worker in other.workers.items():
            mine = self.workers.setdefault(name, WorkerStats())
            mine.runs += worker.runs
            mine.ms += worker.ms
            mine.seen = max(mine.seen, worker.seen)


class PeriodStats(msgspec.Struct):
    """The counters of one writer, or of all, in one period: `FOREVER` or a minute."""

    period: str
    ops: dict[str, OpStats] = {}
    version: int = 0
    """Version of the stored record; 0 when there is none yet."""

    def of(self, op: str) -> OpStats:
        """Return the op's counters; they start at zero."""
        return self.ops.setdefault(op, OpStats())

    def add(self, other: "PeriodStats") -> None:
        """Add the counters of another writer in the same period."""
        for op, counted in other.ops.items():
            self.of(op).add(counted)


class CountedStats(msgspec.Struct):
    """The counters of all writers, added up."""

    forever: dict[str, OpStats] = {}
    minutes: dict[str, dict[str, OpStats]] = {}

    def add(self, stats: PeriodStats) -> None:
        """Add one writer's counters of one period."""
        ops = self.forever if stats.period == FOREVER else self.minutes.setdefault(stats.period, {})
        for op, counted in stats.ops.items():
            ops.setdefault(op, OpStats()).add(counted)


class Counters(Protocol):
    """Keeps the counts of jobs and the op stats."""

    def read(self, jobs: Iterable[str], periods: Iterable[str]) -> tuple[dict[str, JobRecord], dict[str, PeriodStats]]:
        """Return the jobs that exist, by id, and the op stats of each period."""

    def write(self, jobs: Sequence[tuple[JobRecord, JobRecord]], op_stats: Iterable[PeriodStats]) -> bool:
        """Write jobs (old, new) and op stats, all or nothing; return False when another writer changed one of them."""

    def counted(self, since: str) -> CountedStats:
        """Return the stats of all time and of the minutes from this period on."""

    def roll_up(self) -> int:
        """Prepare the op stats for being read; return how many records of writers were emptied for that."""


def minute_of(moment: str) -> str:
    """Return the minute of a time stamp, as a period."""
    return f"{MINUTE}{moment[:16]}"


def periods_of(changes: Iterable[TaskChange]) -> set[str]:
    """Return the periods whose stats these changes alter."""
    moved = [change.task for change in changes if change.old != change.task.status]
    minutes = {minute_of(task.finished_at) for task in moved if task.finished_at and _ran(task)}
    return minutes | {FOREVER} if moved else set()


def count(op_stats: Mapping[str, PeriodStats], changes: Iterable[TaskChange]) -> None:
    """Add changes, which must not have been counted before, to the stats of their periods."""
    for change in changes:
        task = change.task
        if change.old == task.status:
            continue
        forever = op_stats[FOREVER].of(task.op)
        _add(forever.left, {change.old: 1})
        _add(forever.entered, {task.status: 1})
        if not task.finished_at or not _ran(task):
            continue
        ms = task.duration_ms or 0
        success = task.finished_at if task.status == "completed" else ""
        run = OpStats(runs=1, ms=ms, repeats=max(0, task.attempts - 1), last_success=success)
        forever.add(run)
        run.steps = {step_of(ms): 1}
        if task.worker:
            run.workers = {task.worker: WorkerStats(runs=1, ms=ms, seen=task.finished_at)}
        op_stats[minute_of(task.finished_at)].of(task.op).add(run)
    for stats in op_stats.values():
        keep_busiest(stats)


def keep_busiest(stats: PeriodStats) -> None:
    """Remove the names of the workers that ran least, if more are named than a record may have. Their runs stay."""
    named = [(worker.runs, op, name) for op, counted in stats.ops.items() for name, worker in counted.workers.items()]
    for _, op, name in sorted(named, reverse=True)[NAMED_WORKERS:]:
        del stats.ops[op].workers[name]


def step_of(ms: int) -> int:
    """Return the step of a duration: step 4n begins at 2^n ms."""
    return math.floor(STEPS_PER_DOUBLING * math.log2(max(ms, 1)))


def percentile(steps: Mapping[int, int], share: float) -> float | None:
    """Return the duration in ms that this share of the runs did not exceed; None when there were none."""
    rank = share * sum(steps.values())
    for step in sorted(steps):
        rank -= steps[step]
        if rank <= 0:
            return round(_middle_of(step), 1)
    return None


def _middle_of(step: int) -> float:
    """Return the harmonic mean of the first and the last whole millisecond in a step.

    It is equally far from both as a share of each. The middle of the step's real bounds would be wrong where a step has
    few whole numbers: 4 ms is the only one in the step from 4 to 4.76.
    """
    first = math.ceil(2 ** (step / STEPS_PER_DOUBLING))
    last = math.ceil(2 ** ((step + 1) / STEPS_PER_DOUBLING)) - 1
    return 2 * first * last / (first + last)


def _ran(task: TaskRecord) -> bool:
    """Return False for a task that was skipped, or given up without any run that ended."""
    return task.status in ("completed", "failed") and task.duration_ms is not None


def _add(to: dict[Any, int], other: Mapping[Any, int]) -> None:
    for name, amount in other.items():
        to[name] = to.get(name, 0) + amount

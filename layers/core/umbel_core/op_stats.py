"""What is counted of tasks, op by op: for ever, and by the minute in which they ended. Free of any store."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from umbel_core.contract.records import TaskStatus
from umbel_core.fold import TaskChange
from umbel_core.ledger import Job, Task

FOREVER = "TOTAL"
MINUTE = "MINUTE#"
STEPS_PER_DOUBLING = 4
"""Durations are counted in steps, four for each doubling; a percentile read from them is within 9 % of the real one."""


class WorkerStats(msgspec.Struct, omit_defaults=True):
    """What one execution environment did."""

    runs: int = 0
    ms: int = 0
    seen: str = ""
    """When it last ended a task."""


class OpStats(msgspec.Struct, omit_defaults=True):
    """What is counted of one op. Nothing here is ever taken back: a task is where it entered and has not left."""

    entered: dict[TaskStatus, int] = {}
    left: dict[TaskStatus, int] = {}
    runs: int = 0
    """Tasks that were worked on to their end, well or not."""
    ms: int = 0
    """How long that took, in all."""
    last_success: str = ""
    steps: dict[int, int] = {}
    """Step of duration -> runs that took that long; by the minute only."""
    workers: dict[str, WorkerStats] = {}
    """By the minute only."""

    def count(self, status: TaskStatus) -> int:
        """How many tasks have this status."""
        return self.entered.get(status, 0) - self.left.get(status, 0)

    def add(self, other: "OpStats") -> None:
        """Add what was counted elsewhere, or in another minute."""
        _add(self.entered, other.entered)
        _add(self.left, other.left)
        _add(self.steps, other.steps)
        self.runs += other.runs
        self.ms += other.ms
        self.last_success = max(self.last_success, other.last_success)
        for name, worker in other.workers.items():
            mine = self.workers.setdefault(name, WorkerStats())
            mine.runs += worker.runs
            mine.ms += worker.ms
            mine.seen = max(mine.seen, worker.seen)


class PeriodStats(msgspec.Struct):
    """What one counter counted in one period: `FOREVER`, or a minute."""

    period: str
    ops: dict[str, OpStats] = {}
    version: int = 0
    """0: not written yet."""

    def of(self, op: str) -> OpStats:
        """The op's part."""
        return self.ops.setdefault(op, OpStats())


class CountedStats(msgspec.Struct):
    """All counters' stats as one."""

    forever: dict[str, OpStats] = {}
    minutes: dict[str, dict[str, OpStats]] = {}

    def add(self, stats: PeriodStats) -> None:
        """Add one counter's stats of one period."""
        ops = self.forever if stats.period == FOREVER else self.minutes.setdefault(stats.period, {})
        for op, counted in stats.ops.items():
            ops.setdefault(op, OpStats()).add(counted)


class Counters(Protocol):
    """Where jobs' counts and the op stats are kept."""

    def read(self, jobs: Iterable[str], periods: Iterable[str]) -> tuple[dict[str, Job], dict[str, PeriodStats]]:
        """The jobs with these ids and the op stats of these periods, in one read."""

    def write(self, jobs: Sequence[tuple[Job, Job]], op_stats: Iterable[PeriodStats]) -> bool:
        """Write what was folded (old, new) and counted, all or none; False when somebody wrote in between."""

    def counted(self, since: str) -> CountedStats:
        """All that was ever counted, and the minutes from this period on."""


def minute_of(moment: str) -> str:
    """The period that a moment of the contract's belongs to."""
    return f"{MINUTE}{moment[:16]}"


def periods_of(changes: Iterable[TaskChange]) -> set[str]:
    """The periods in which these changes count."""
    moved = [change.task for change in changes if change.old != change.task.status]
    minutes = {minute_of(task.finished_at) for task in moved if task.finished_at and _ran(task)}
    return minutes | {FOREVER} if moved else set()


def count(op_stats: Mapping[str, PeriodStats], changes: Iterable[TaskChange]) -> None:
    """Count changes that were not counted before in their periods' stats."""
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
        run = OpStats(runs=1, ms=ms, last_success=task.finished_at if task.status == "completed" else "")
        forever.add(run)
        run.steps = {step_of(ms): 1}
        if task.worker:
            run.workers = {task.worker: WorkerStats(runs=1, ms=ms, seen=task.finished_at)}
        op_stats[minute_of(task.finished_at)].of(task.op).add(run)


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


def _ran(task: Task) -> bool:
    """False for what was skipped, and for what was given up without an answer."""
    return task.status in ("completed", "failed") and task.duration_ms is not None


def _add(to: dict[Any, int], other: Mapping[Any, int]) -> None:
    for name, amount in other.items():
        to[name] = to.get(name, 0) + amount

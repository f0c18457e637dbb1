"""Computes the stats of the API from counters and the current state of the lanes."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from umbel_core.circuit_breaker import CircuitRecord
from umbel_core.clock import stamp
from umbel_core.contract.responses import Stats, StatsOfOp, StatsTotals, StatsWorker
from umbel_core.lanes import Backlog, LaneState
from umbel_core.op_stats import CountedStats, OpStats, minute_of, percentile

_WORKERS_SHOWN = 100
"""At most so many active workers of an op are listed, the busiest first: one message must hold all ops."""
WINDOW = timedelta(hours=1)
"""Averages and percentiles are of the runs that ended within this time."""
_LAST = timedelta(minutes=1)


def since(at: datetime) -> str:
    """Return the first minute of the window that ends now."""
    return minute_of(stamp(at - WINDOW))


class StatsInput(msgspec.Struct, frozen=True):
    """All that the stats are computed from, read at one moment."""

    at: datetime
    counted: CountedStats
    states: Mapping[str, LaneState]
    backlogs: Mapping[str, Backlog]
    oldest: Mapping[str, str]
    """Op -> when its longest waiting task was queued."""
    circuits: Mapping[str, CircuitRecord]


def compute_stats(ops: Iterable[str], read: StatsInput) -> Stats:
    """Return the stats of these ops."""
    hours = {op: hour_of(op, read.counted) for op in ops}
    shown = {op: _of_op(op, hour, read) for op, hour in hours.items()}
    every = OpStats()
    for hour in hours.values():
        every.add(hour)
    ages = [op.oldest_age_seconds for op in shown.values() if op.oldest_age_seconds is not None]
    sums = {name: sum(getattr(op, name) for op in shown.values()) for name in _SUMMED}
    sums["throughput_per_minute"] = round(sums["throughput_per_minute"], 1)
    totals = StatsTotals(oldest_age_seconds=max(ages, default=None), **_times(every), **sums)
    circuits = {host: circuit.view(int(read.at.timestamp())) for host, circuit in read.circuits.items()}
    return Stats(stamp(read.at), totals, shown, circuits)


_SUMMED = (
    *("pending", "running", "completed", "failed", "skipped"),
    *("in_flight", "queue_depth", "throughput_per_minute", "active_workers"),
)


def _of_op(op: str, hour: OpStats, read: StatsInput) -> StatsOfOp:
    forever = read.counted.forever.get(op, OpStats())
    state = read.states.get(op, LaneState(0, "degraded"))
    backlog = read.backlogs.get(op, Backlog(0, 0))
    horizon = stamp(read.at - _LAST)
    active = {name: worker for name, worker in hour.workers.items() if worker.seen >= horizon}
    busiest = sorted(active, key=lambda name: (-active[name].runs, name))[:_WORKERS_SHOWN]
    return StatsOfOp(
        # Tasks of deployments before the op stats existed were never counted as entered.
        pending=max(0, forever.count("pending")),
        running=max(0, forever.count("running")),
        completed=forever.count("completed"),
        failed=forever.count("failed"),
        skipped=forever.count("skipped"),
        in_flight=backlog.in_flight,
        queue_depth=backlog.waiting,
        oldest_age_seconds=_age(read.oldest[op], read.at) if op in read.oldest else None,
        **_times(hour),
        throughput_per_minute=_throughput(op, read),
        active_workers=len(active),
        state=state.state,
        concurrency=state.concurrency,
        last_success_at=forever.last_success or None,
        workers=[
            StatsWorker(name, active[name].runs, round(active[name].ms / active[name].runs, 1)) for name in busiest
        ],
    )


def hour_of(op: str, counted: CountedStats) -> OpStats:
    """Return the sum of an op's counters over the minutes that were read."""
    hour = OpStats()
    for ops in counted.minutes.values():
        if op in ops:
            hour.add(ops[op])
    return hour


def _times(hour: OpStats) -> dict[str, Any]:
    average = round(hour.ms / hour.runs, 1) if hour.runs else None
    return {
        "executions_per_task": hour.executions_per_task,
        "average_ms": average,
        "p50_ms": percentile(hour.steps, 0.5),
        "p95_ms": percentile(hour.steps, 0.95),
    }


def _throughput(op: str, read: StatsInput) -> float:
    """Return the runs of about the last sixty seconds: this minute's, and a share of the minute before."""
    this, before = (
        read.counted.minutes.get(minute_of(stamp(moment)), {}).get(op, OpStats()).runs
        for moment in (read.at, read.at - _LAST)
    )
    return round(this + before * (60 - read.at.second) / 60, 1)


def _age(queued: str, at: datetime) -> float:
    return round(max(0.0, (at - datetime.fromisoformat(queued)).total_seconds()), 1)

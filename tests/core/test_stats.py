"""The stats agree with the counters, the queues and the ledger."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from api import prometheus
from umbel_core.clock import stamp
from umbel_core.contract import Stats, StatsOfOp
from umbel_core.contract.records import TaskStatus
from umbel_core.fold import TaskChange
from umbel_core.lanes import Backlog, LaneState
from umbel_core.ledger import TaskRecord
from umbel_core.op_stats import (
    FOREVER,
    MINUTE,
    CountedStats,
    OpStats,
    PeriodStats,
    count,
    percentile,
    periods_of,
    step_of,
)
from umbel_core.stats import StatsInput, compute_stats, since

AT = datetime(2026, 1, 31, 12, 0, 30, tzinfo=UTC)
DURATIONS = st.lists(st.integers(0, 100_000), min_size=1, max_size=60)


def ended(status: TaskStatus, ms: int | None = 100, ago: float = 10, worker: str = "w1", op: str = "say") -> TaskChange:
    finished_at = stamp(AT - timedelta(seconds=ago))
    fields = {"status": status, "duration_ms": ms, "finished_at": finished_at, "worker": worker}
    task = TaskRecord(job_id="j", index=0, op=op, variant="v", input=1, queued_at=finished_at, **fields)  # type: ignore[arg-type]
    return TaskChange("1", "pending", task)


def counted(*changes: TaskChange, planned: int = 0) -> CountedStats:
    op_stats = {period: PeriodStats(period) for period in periods_of(changes)}
    count(op_stats, changes)
    together = CountedStats()
    together.add(PeriodStats(FOREVER, {"say": OpStats(entered={"pending": planned})}))
    for stats in op_stats.values():
        together.add(stats)
    return together


def seen(together: CountedStats, **oldest: str) -> StatsInput:
    states = {"say": LaneState(4, "ready"), "soft": LaneState(0, "paused")}
    return StatsInput(AT, together, states, {"say": Backlog(7, 2), "soft": Backlog(1, 0)}, oldest, {})


def stats_of(*changes: TaskChange, planned: int = 0, **oldest: str) -> Stats:
    return compute_stats(["say", "soft"], seen(counted(*changes, planned=planned), **oldest))


def say_of(*changes: TaskChange, planned: int = 0) -> StatsOfOp:
    return stats_of(*changes, planned=planned).ops["say"]


def test_planned_tasks_that_have_not_started_are_pending() -> None:
    say = say_of(ended("completed"), ended("failed"), ended("skipped"), planned=10)
    assert (say.pending, say.running, say.completed, say.failed, say.skipped) == (7, 0, 1, 1, 1)


def test_a_retry_subtracts_a_failure() -> None:
    failed = ended("failed")
    again = TaskChange("2", "failed", msgspec.structs.replace(failed.task, status="pending", finished_at=None))
    say = say_of(failed, again, planned=1)
    assert (say.pending, say.failed) == (1, 0)


def test_messages_and_state_are_those_of_the_lanes() -> None:
    stats = stats_of()
    assert (stats.ops["say"].queue_depth, stats.ops["say"].in_flight, stats.ops["say"].state) == (7, 2, "ready")
    assert (stats.ops["soft"].concurrency, stats.ops["soft"].state) == (0, "paused")
    assert (stats.totals.queue_depth, stats.totals.in_flight) == (8, 2)


def test_a_percentile_is_within_nine_percent_of_every_duration() -> None:
    longest = 15 * 60_000  # Lambda's timeout
    ends_of_steps = [ms for ms in range(5000, longest, 100) for ms in (ms, ms + 99) if step_of(ms) != step_of(ms + 1)]
    for ms in [*range(1, 5001), *ends_of_steps, longest]:
        assert percentile({step_of(ms): 1}, 0.5) == pytest.approx(ms, rel=0.09), ms


def test_a_run_of_less_than_a_millisecond_counts_as_one() -> None:
    assert percentile({step_of(0): 1}, 0.5) == 1


@given(DURATIONS, st.sampled_from([0.5, 0.95]))
def test_a_percentile_is_that_of_its_rank(durations: list[int], share: float) -> None:
    steps: dict[int, int] = {}
    for ms in durations:
        steps[step_of(ms)] = steps.get(step_of(ms), 0) + 1
    rank = -int(-share * len(durations) // 1)
    exact = max(1, sorted(durations)[rank - 1])
    assert percentile(steps, share) == pytest.approx(exact, rel=0.09)


@given(DURATIONS, st.integers(1, 5))
def test_the_shards_add_up_to_the_whole(durations: list[int], counters: int) -> None:
    changes = [ended("completed", ms, worker=f"w{ms % 3}") for ms in durations]
    apart = CountedStats()
    for place in range(counters):
        share = changes[place::counters]
        op_stats = {period: PeriodStats(period) for period in periods_of(share)}
        count(op_stats, share)
        for stats in op_stats.values():
            apart.add(stats)
    at_once = counted(*changes)
    assert apart.minutes == at_once.minutes
    assert apart.forever["say"].runs == at_once.forever["say"].runs == len(durations)


def test_averages_include_only_runs() -> None:
    say = say_of(ended("completed", 100), ended("failed", 300), ended("skipped", 0), ended("failed", None))
    assert say.average_ms == 200


def test_throughput_is_this_minute_and_a_share_of_the_one_before() -> None:
    changes = [ended("completed", ago=20), *(ended("completed", ago=50) for _ in range(4))]
    assert say_of(*changes).throughput_per_minute == 1 + 4 / 2


def test_workers_are_those_active_within_the_minute_with_their_runs_of_the_hour() -> None:
    changes = [
        ended("completed", 100, ago=1800),
        ended("completed", 300, ago=5),
        ended("completed", ago=70, worker="w2"),
    ]
    say = say_of(*changes)
    assert say.active_workers == 1
    assert [msgspec.to_builtins(worker) for worker in say.workers] == [{"id": "w1", "tasks": 2, "average_ms": 200.0}]


def test_the_last_success_is_a_success() -> None:
    say = say_of(ended("completed", ago=20), ended("failed", ago=10))
    assert say.last_success_at == stamp(AT - timedelta(seconds=20))
    assert stats_of().ops["soft"].last_success_at is None


def test_the_oldest_age_of_all_is_the_greatest() -> None:
    queued = stamp(AT - timedelta(seconds=90))
    stats = stats_of(say=queued, soft=stamp(AT))
    assert (stats.ops["say"].oldest_age_seconds, stats.totals.oldest_age_seconds) == (90.0, 90.0)
    assert stats_of().totals.oldest_age_seconds is None


def test_the_window_is_one_hour() -> None:
    assert since(AT) == f"{MINUTE}2026-01-31T11:00"


def test_prometheus_own_parser_reads_the_metrics() -> None:
    changes = [ended("completed", 100), ended("completed", 400), ended("failed", 100)]
    text = prometheus.text(["say", "soft"], seen(counted(*changes, planned=5), say=stamp(AT - timedelta(seconds=9))))
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert all(name.startswith("umbel_") for name in families)
    values = {
        (sample.name, sample.labels["op"], sample.labels.get("quantile")): sample.value
        for family in families.values()
        for sample in family.samples
    }
    assert values["umbel_tasks_completed_total", "say", None] == 2
    assert values["umbel_tasks_failed_total", "say", None] == 1
    assert values["umbel_tasks_pending", "say", None] == 2
    assert values["umbel_oldest_task_age_seconds", "say", None] == 9
    assert values["umbel_task_duration_seconds_sum", "say", None] == 0.6
    assert values["umbel_task_duration_seconds_count", "say", None] == 3
    assert values["umbel_task_duration_seconds", "say", "0.5"] == pytest.approx(0.1, rel=0.1)
    assert (values["umbel_op_ready", "say", None], values["umbel_op_ready", "soft", None]) == (1, 0)
    assert {family.type for name, family in families.items() if name.startswith("umbel_tasks_c")} == {"counter"}
    assert ("umbel_op_last_success_timestamp_seconds", "soft", None) not in values

"""The stats of an hour, field by field."""

from datetime import UTC, datetime, timedelta

import pytest

from umbel_core.circuit_breaker import CircuitRecord
from umbel_core.clock import stamp
from umbel_core.contract import Circuit as ShownCircuit
from umbel_core.contract import Stats, StatsOfOp, StatsTotals, StatsWorker
from umbel_core.lanes import Backlog, LaneState
from umbel_core.op_stats import CountedStats, OpStats, WorkerStats, minute_of
from umbel_core.stats import StatsInput, compute_stats

AT = datetime(2026, 1, 31, 12, 0, 20, tzinfo=UTC)
BEFORE = AT - timedelta(minutes=1)
LAST = stamp(BEFORE)


def ran(ms: int, step: int, worker: str, seen: str) -> OpStats:
    return OpStats(runs=1, ms=ms, steps={step: 1}, workers={worker: WorkerStats(runs=1, ms=ms, seen=seen)})


def stats_of(counted: CountedStats, **others: object) -> Stats:
    given = {
        "states": {"say": LaneState(4, "ready")},
        "backlogs": {"say": Backlog(7, 2)},
        "oldest": {"say": stamp(AT - timedelta(seconds=90))},
        "circuits": {},
        **others,
    }
    return compute_stats(["say", "soft"], StatsInput(AT, counted, **given))  # type: ignore[arg-type]


COUNTED = CountedStats(
    forever={
        "say": OpStats(
            entered={"pending": 9, "running": 3, "completed": 5, "failed": 2, "skipped": 1},
            left={"pending": 5, "running": 1},
            last_success=LAST,
        ),
        "soft": OpStats(entered={}, left={"pending": 3, "running": 1}),
    },
    minutes={
        minute_of(stamp(AT)): {"say": ran(100, 26, "w1", stamp(AT))},
        minute_of(LAST): {"say": ran(201, 30, "w2", LAST), "soft": ran(50, 22, "w3", "")},
    },
)


def test_every_field_of_an_op_and_of_all() -> None:
    stats = stats_of(COUNTED)
    assert stats.at == stamp(AT)
    assert stats.ops["say"] == StatsOfOp(
        pending=4,
        running=2,
        completed=5,
        failed=2,
        skipped=1,
        in_flight=2,
        queue_depth=7,
        oldest_age_seconds=90.0,
        average_ms=150.5,
        p50_ms=98.4,
        p95_ms=197.1,
        executions_per_task=1.0,
        throughput_per_minute=1.7,
        active_workers=2,
        state="ready",
        concurrency=4,
        last_success_at=LAST,
        workers=[StatsWorker("w1", 1, 100.0), StatsWorker("w2", 1, 201.0)],
    )
    assert stats.totals == StatsTotals(
        pending=4,
        running=2,
        completed=5,
        failed=2,
        skipped=1,
        in_flight=2,
        queue_depth=7,
        oldest_age_seconds=90.0,
        average_ms=117.0,
        p50_ms=98.4,
        p95_ms=197.1,
        executions_per_task=1.0,
        throughput_per_minute=2.4,
        active_workers=2,
    )


def test_an_op_of_which_nothing_is_known_is_degraded_and_has_no_times() -> None:
    nothing = compute_stats(["new"], StatsInput(AT, CountedStats(), {}, {}, {}, {}))
    assert nothing.ops["new"] == StatsOfOp(
        **dict.fromkeys(("pending", "running", "completed", "failed", "skipped", "in_flight", "queue_depth"), 0),
        oldest_age_seconds=None,
        average_ms=None,
        p50_ms=None,
        p95_ms=None,
        throughput_per_minute=0.0,
        active_workers=0,
        state="degraded",
        concurrency=0,
        last_success_at=None,
        workers=[],
    )


def test_tasks_that_left_without_having_entered_are_not_less_than_none() -> None:
    soft = stats_of(COUNTED).ops["soft"]
    assert (soft.pending, soft.running) == (0, 0)


def test_the_hundred_busiest_workers_are_listed_the_busiest_first() -> None:
    workers = {f"w{n:03}": WorkerStats(runs=1 + (n == 70), ms=10, seen=stamp(AT)) for n in range(101)}
    counted = CountedStats(minutes={minute_of(stamp(AT)): {"say": OpStats(runs=102, ms=1010, workers=workers)}})
    say = stats_of(counted).ops["say"]
    assert (say.active_workers, len(say.workers)) == (101, 100)
    assert [worker.id for worker in say.workers[:3]] == ["w070", "w000", "w001"]
    assert say.workers[0].average_ms == 5.0


@pytest.mark.parametrize(("queued", "age"), [(AT + timedelta(seconds=5), 0.0), (AT - timedelta(seconds=1.26), 1.3)])
def test_an_age_is_not_negative_and_has_one_digit(queued: datetime, age: float) -> None:
    assert stats_of(COUNTED, oldest={"say": stamp(queued)}).totals.oldest_age_seconds == age


def test_circuits_are_shown_as_they_are_at_that_moment() -> None:
    now = int(AT.timestamp())
    circuit = CircuitRecord(failures=5, open_until=now + 7, expire_at=now + 600)
    assert stats_of(COUNTED, circuits={"a:80": circuit}).circuits == {
        "a:80": ShownCircuit(state="open", failures=5, open_seconds=7)
    }

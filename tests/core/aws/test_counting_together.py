"""Several relays count, and their slots are rolled up in between: every change is counted once."""

from collections import Counter
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.ledger_table import SlowTable
from relay.remembering import RememberingCounters
from umbel_core.aws.counters import DynamoCounters
from umbel_core.aws.ledger_table import job_item
from umbel_core.fold import TaskChange, fold, uncounted
from umbel_core.ledger import JobRecord, TaskRecord
from umbel_core.op_stats import FOREVER, MINUTE, count, minute_of, periods_of

RELAYS = 3
STEPS = st.lists(st.one_of(st.tuples(st.integers(0, RELAYS - 1), st.integers(0, 8)), st.just("roll up")), max_size=40)


@pytest.fixture(autouse=True, scope="module")
def _few_slots() -> Any:
    """Let the relays meet often."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("counters", "stats_records", "stats_rollup"):
            patch.setattr(f"umbel_core.aws.{module}.STATS_SLOTS", 4)
        yield


class Relay:
    """One process that folds the changes of a job of its own, as the relay does."""

    def __init__(self, table: SlowTable, job: JobRecord) -> None:
        self.counters = RememberingCounters(DynamoCounters(cast("Any", table), "table"))
        self.job = job
        self.sequence = 0

    def count(self, minute: int) -> TaskRecord:
        """Count a task that ended in this minute, at the first or a later try; the stream repeats its record."""
        ended = f"2026-01-31T12:{minute:02d}:00.000Z"
        self.sequence += 1
        task = TaskRecord(
            job_id=self.job.id,
            index=self.sequence,
            op="say",
            variant="v",
            input="x",
            status="completed",
            duration_ms=10,
            queued_at=ended,
            finished_at=ended,
        )
        change = TaskChange(f"{self.sequence:040}", "pending", task)
        assert any(self._written(change) for _ in range(20))
        assert any(self._written(change) for _ in range(20))
        return task

    def _written(self, change: TaskChange) -> bool:
        jobs, op_stats = self.counters.read([self.job.id], periods_of([change]))
        job = jobs[self.job.id]
        counted = uncounted(job, [change])
        count(op_stats, counted)
        new = fold(job, [change])
        return not new or self.counters.write([(job, new)], [op_stats[period] for period in periods_of(counted)])


@given(STEPS)
def test_every_change_is_counted_once_whoever_counts_and_whenever_slots_are_rolled_up(steps: list[Any]) -> None:
    table = SlowTable(0)
    job = JobRecord(id="j", kind="task", name="n", created_at="t", updated_at="t", planned=True, total=1000)
    jobs = [msgspec.structs.replace(job, id=f"j{number}") for number in range(RELAYS)]
    table.put(map(job_item, jobs))
    relays = [Relay(table, job) for job in jobs]
    ticker = DynamoCounters(cast("Any", table), "table")
    minutes: Counter[str] = Counter()
    for step in steps:
        if step == "roll up":
            ticker.roll_up()
        else:
            number, minute = step
            minutes[minute_of(cast("str", relays[number].count(minute).finished_at))] += 1
        found = ticker.counted(MINUTE)
        assert {minute: ops["say"].runs for minute, ops in found.minutes.items()} == minutes
        assert sum(ops.runs for ops in found.forever.values()) == minutes.total()
        assert ticker.counted(FOREVER).minutes == {}

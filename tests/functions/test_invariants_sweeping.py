"""When the stream lost a job's last changes, exactly those that no counter has are counted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.fakes import FakeLedger
from tests.functions.stage import sweeper
from umbel_core.clock import stamp
from umbel_core.ledger import JobRecord, TaskRecord
from umbel_core.op_stats import FOREVER

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
LIMIT = timedelta(minutes=20)
SECOND = timedelta(seconds=1)


def lost(ago: timedelta, *tasks: dict[str, Any], **fields: Any) -> FakeLedger:
    """Return a ledger with a job of ended tasks, of which the job knows what `fields` say."""
    ledger, moment = FakeLedger(), stamp(NOW - ago)
    of = [
        TaskRecord(
            job_id="j1",
            index=index,
            op="say",
            variant=f"v{index}",
            input="x",
            queued_at=moment,
            **{"status": "completed", "finished_at": moment, "duration_ms": 10 * (index + 1), **given},
        )
        for index, given in enumerate(tasks)
    ]
    job = JobRecord(
        id="j1", kind="task", name="n", created_at=moment, updated_at=moment, planned=True, total=len(of), **fields
    )
    ledger.plan(job, of)
    return ledger


def sweep(ledger: FakeLedger) -> list[str]:
    return sweeper(ledger, lambda: NOW).sweep().recounted


@pytest.mark.parametrize(("ago", "swept"), [(LIMIT, []), (LIMIT + SECOND, ["j1"])])
def test_a_job_is_left_to_the_stream_for_twenty_minutes(ago: timedelta, swept: list[str]) -> None:
    assert sweep(lost(ago, {})) == swept


@pytest.mark.parametrize(("ago", "swept"), [(LIMIT, []), (LIMIT + SECOND, ["j1"])])
def test_a_task_that_ended_lately_is_left_to_the_stream(ago: timedelta, swept: list[str]) -> None:
    assert sweep(lost(2 * LIMIT, {}, {"finished_at": stamp(NOW - ago)})) == swept


def test_one_open_task_anywhere_leaves_the_job_alone() -> None:
    """The last hundred are read first, and then all."""
    many: list[dict[str, Any]] = [{} for _ in range(150)]
    assert sweep(lost(2 * LIMIT, {"status": "running"}, *many)) == []
    assert sweep(lost(2 * LIMIT, *many, {"status": "running"})) == []
    assert sweep(lost(2 * LIMIT)) == [], "a job without tasks"


def test_only_the_ends_that_the_job_does_not_know_are_counted() -> None:
    known = {"v0": {"status": "completed"}, "v1": {"status": "running"}}
    ledger = lost(2 * LIMIT, {}, {}, {"status": "failed"}, completed=1, variants=known)
    assert sweep(ledger) == ["j1"]
    say = ledger.counted(FOREVER).forever["say"]
    assert (say.entered["completed"], say.entered["failed"], say.left) == (1, 1, {"running": 1, "pending": 1})
    assert (say.runs, say.ms) == (2, 20 + 30)


def test_where_the_job_does_not_say_which_ends_it_knows_the_latest_are_missing() -> None:
    finished = [{"finished_at": stamp(NOW - 2 * LIMIT - place * SECOND)} for place in (3, 1, 2)]
    ledger = lost(3 * LIMIT, *finished, completed=2)
    assert sweep(ledger) == ["j1"]
    assert ledger.counted(FOREVER).forever["say"].ms == 20, "that of the second task, which ended last"

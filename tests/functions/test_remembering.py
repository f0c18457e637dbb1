"""The relay counts from what it remembers, and reads when another process wrote in between."""

import msgspec
import pytest

from relay.remembering import RememberingCounters
from tests.fakes import FakeLedger
from tests.functions.stage import Stage
from umbel_core.intake_messages import read_message
from umbel_core.ledger import JobRecord
from umbel_core.op_stats import FOREVER, PeriodStats


class CountingLedger(FakeLedger):
    """Counts its reads."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0

    def read(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        self.reads += 1
        return super().read(*args, **kwargs)


@pytest.fixture
def ledger() -> CountingLedger:
    return CountingLedger()


def a_job(version: int = 1, **changes: object) -> JobRecord:
    job = JobRecord(id="j1", kind="task", name="n", created_at="t", updated_at="t", total=2, version=version)
    return msgspec.structs.replace(job, **changes)


def counted(counters: RememberingCounters) -> bool:
    """Count one more completed task."""
    jobs, op_stats = counters.read(["j1"], [FOREVER])
    op_stats[FOREVER].of("say").runs += 1
    old = jobs["j1"]
    new = msgspec.structs.replace(old, completed=old.completed + 1, version=old.version + 1)
    return counters.write([(old, new)], op_stats.values())


def test_what_was_written_is_not_read_again_and_nothing_is_lost(ledger: CountingLedger) -> None:
    ledger.expect(a_job())
    counters = RememberingCounters(ledger)
    assert [counted(counters) for _ in range(3)] == [True] * 3
    assert ledger.reads == 1
    assert ledger.job("j1").completed == 3  # type: ignore[union-attr]
    assert ledger.counted(FOREVER).forever["say"].runs == 3


def test_after_another_writer_the_write_is_refused_and_the_next_attempt_reads(ledger: CountingLedger) -> None:
    ledger.expect(a_job())
    counters, other = RememberingCounters(ledger), RememberingCounters(ledger)
    counted(counters)
    counted(other)
    assert not counted(counters)
    assert counted(counters)
    assert ledger.job("j1").completed == 3  # type: ignore[union-attr]
    assert ledger.counted(FOREVER).forever["say"].runs == 3


def test_a_job_of_the_stream_is_known_unless_a_newer_one_is(ledger: CountingLedger) -> None:
    counters = RememberingCounters(ledger)
    counters.learn([a_job(3), a_job(2)])
    assert counters.read(["j1"], [])[0]["j1"].version == 3
    assert ledger.reads == 0


def test_a_minute_that_is_not_known_starts_at_zero(ledger: CountingLedger) -> None:
    ledger.expect(a_job())
    counters = RememberingCounters(ledger)
    counted(counters)
    assert counters.read(["j1"], [FOREVER, "MINUTE#m"])[1]["MINUTE#m"] == PeriodStats("MINUTE#m")
    assert ledger.reads == 1


def test_after_an_error_nothing_is_remembered_because_the_write_may_have_been_made(
    ledger: CountingLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.expect(a_job())
    counters = RememberingCounters(ledger)
    counted(counters)
    with monkeypatch.context() as broken:
        broken.setattr(ledger, "write", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            counted(counters)
    reads = ledger.reads
    counters.read(["j1"], [])
    assert ledger.reads == reads + 1


def test_a_job_that_was_cancelled_since_keeps_its_cancel() -> None:
    stage = Stage()
    (created,) = read_message(
        stage.drop("jobs/a.json", b'{"tasks":[{"op":"say","input":"hi"},{"op":"say","input":"ho"}]}')
    )
    job_id, _ = stage.planner.take(created)
    first, second = stage.tasks.commands
    stage.runner().run(first, 1)
    stage.relay_all()
    stage.ledger.cancel(job_id)
    start = len(stage.ledger.stream)
    stage.runner().run(second, 1)
    stage.relay_all(start)
    job = stage.ledger.job(job_id)
    assert job
    assert (job.status, job.completed + job.skipped) == ("cancelled", 2)

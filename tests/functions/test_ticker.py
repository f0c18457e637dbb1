"""Subscribers of stats receive them every five seconds; changes that the relay gave up are counted again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from relay.changes import read_changes
from tests.functions.stage import Stage
from tests.functions.stage import sweeper as sweeper_on
from ticker.sweeping import Sweeper
from ticker.ticking import EVERY_SECONDS, Ticker
from umbel_core.contract import Stats, StatsTotals
from umbel_core.intake_messages import read_message
from umbel_core.ledger import JobRecord
from umbel_core.op_stats import FOREVER

STATS = Stats("2026-01-31T12:00:00.123Z", StatsTotals(), {}, {})
WORDS = '{"tasks":[{"op":"say","input":"hi"},{"op":"say","input":"bad"},{"op":"say","input":"ho"}]}'


class Run:
    """A ticker whose clock runs only while it waits."""

    def __init__(self, stage: Stage, seconds: float = 80) -> None:
        self.stage = stage
        self.seconds = seconds
        self.meanwhile: list[Any] = []

    def tick(self, run: str = "r1") -> int:
        return Ticker(lambda: STATS, self.stage.connections, self._wait).tick(run, lambda: self.seconds)

    def _wait(self, seconds: float) -> None:
        assert seconds == EVERY_SECONDS
        self.seconds -= seconds
        if self.meanwhile:
            self.meanwhile.pop(0)()


def test_without_subscribers_a_run_ends_at_once() -> None:
    run = Run(Stage())
    assert run.tick() == 0
    assert run.seconds == 80
    assert run.stage.connections.ticker_run == ""


def test_subscribers_receive_the_stats_until_no_time_is_left() -> None:
    run = Run(Stage())
    run.stage.connections.subscribe("s1", "stats")
    run.stage.connections.subscribe("s2", "stats")
    assert run.tick() == 2 * 15
    assert run.stage.connections.received["s1"] == run.stage.connections.received["s2"]
    assert run.stage.connections.received["s1"][0] == {"type": "stats", "stats": msgspec.to_builtins(STATS)}
    assert run.seconds > 0


def test_a_run_ends_when_the_last_subscriber_has_left() -> None:
    run = Run(Stage())
    run.stage.connections.subscribe("s1", "stats")
    run.meanwhile = [lambda: None, lambda: run.stage.connections.unsubscribe("s1", "stats")]
    assert run.tick() == 2


def test_a_later_run_takes_over() -> None:
    run = Run(Stage())
    run.stage.connections.subscribe("s1", "stats")
    run.meanwhile = [lambda: run.stage.connections.claim_ticker("r2")]
    assert run.tick() == 1
    assert run.seconds == 80 - EVERY_SECONDS


def missed(manifest: str = WORDS, relayed: int = 0) -> tuple[Stage, JobRecord]:
    """Return a stage on which all tasks have ended, but only so many changes were relayed."""
    stage = Stage()
    (created,) = read_message(stage.drop("jobs/a.json", manifest.encode()))
    job, _ = stage.planner.take(created)
    for command in stage.tasks.commands:
        stage.runner().run(command, 1)
    changes = read_changes(stage.ledger.stream)
    stage.relay.relay(msgspec.structs.replace(changes, tasks=changes.tasks[:relayed], jobs=[]))
    found = stage.ledger.job(job)
    assert found
    return stage, found


def sweeper(stage: Stage, later: timedelta = timedelta(minutes=21)) -> Sweeper:
    return sweeper_on(stage.ledger, lambda: datetime.now(UTC) + later)


@pytest.mark.parametrize("relayed", range(3))
@pytest.mark.parametrize("tasks", [3, 40])
def test_changes_that_the_relay_gave_up_are_counted_in_the_job_and_in_the_stats(relayed: int, tasks: int) -> None:
    words = ",".join(f'{{"op":"say","input":"{"bad" if place == 1 else place}"}}' for place in range(tasks))
    stage, job = missed(f'{{"tasks":[{words}]}}', relayed)
    assert not job.ended
    assert sweeper(stage).sweep().recounted == [job.id]
    mended = stage.ledger.job(job.id)
    assert mended
    assert (mended.status, mended.completed, mended.failed, mended.total) == ("failed", tasks - 1, 1, tasks)
    assert [error.code for error in mended.errors] == ["bad"]
    say = stage.ledger.counted(FOREVER).forever["say"]
    assert (say.count("pending"), say.count("completed"), say.count("failed"), say.runs) == (0, tasks - 1, 1, tasks)
    assert sweeper(stage).sweep().recounted == []


def test_a_recently_updated_job_is_left_to_the_relay() -> None:
    stage, _ = missed()
    assert sweeper(stage, timedelta(minutes=16)).sweep().recounted == []


def test_a_change_that_the_stream_may_still_deliver_is_left_to_the_relay_however_long_its_job_waited() -> None:
    stage = Stage()
    (created,) = read_message(stage.drop("jobs/a.json", b'{"tasks":[{"op":"say","input":"hi"}]}'))
    job, _ = stage.planner.take(created)
    waiting = stage.ledger.job(job)
    assert waiting
    stage.ledger.write([(waiting, msgspec.structs.replace(waiting, updated_at="2020-01-31T12:00:00.123Z"))], [])
    stage.runner().run(stage.tasks.commands[0], 1)
    assert sweeper(stage, timedelta(seconds=1)).sweep().recounted == []
    stage.relay_all()
    ended = stage.ledger.job(job)
    assert ended
    assert (ended.status, ended.completed, ended.total) == ("completed", 1, 1)


def test_a_job_with_running_tasks_is_not_recounted() -> None:
    stage = Stage()
    (created,) = read_message(stage.drop("jobs/a.json", WORDS.encode()))
    stage.planner.take(created)
    stage.runner().run(stage.tasks.commands[0], 1)
    assert sweeper(stage).sweep().recounted == []

"""The ticker's function sweeps when the clock asks for it, and reads what SNS could not deliver."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import ticker.handler
from tests.fakes import FakeLanes
from tests.functions.stage import Stage, sweeper
from ticker.executions import Executions
from ticker.ticking import Ticker
from umbel_core.contract import Stats, StatsTotals
from umbel_core.executions import FAILED_SWEEPS
from umbel_core.intake_messages import read_message


class Context:
    """Lambda's context, with so little time left that stats are sent once."""

    def get_remaining_time_in_millis(self) -> int:
        return 10_000


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Give the handler a sweeper and a ticker on a stage, where one job waits in a paused lane."""
    stage, lanes = Stage(), FakeLanes("say")
    lanes.paused.add("say")
    (created,) = read_message(stage.drop("jobs/a.json", b'{"tasks":[{"op":"say","input":"x"}]}'))
    stage.planner.take(created)
    stats = Stats("2026-01-31T12:00:00.123Z", StatsTotals(), {}, {})
    parts: dict[str, Any] = {"lanes": lanes, "silence": timedelta(minutes=10)}
    monkeypatch.setattr(ticker.handler, "sweeper", lambda: sweeper(stage.ledger, lambda: datetime.now(UTC), **parts))
    executions = Executions(stage.ledger, "umbel", ticker.handler.logger)
    monkeypatch.setattr(ticker.handler, "executions", lambda: executions)
    monkeypatch.setattr(ticker.handler, "preparations", list)
    monkeypatch.setattr(ticker.handler, "ticker", lambda: Ticker(lambda: stats, stage.connections, lambda _: None))
    return stage


def test_only_the_clocks_run_sweeps(stage: Stage) -> None:
    ticker.handler.handle({}, Context())
    assert stage.ledger.sweeper_state().began_at == ""
    assert ticker.handler.handle({"sweep": True}, Context())["published"] == []
    assert stage.ledger.sweeper_state().began_at


def test_a_sweep_that_fails_does_not_keep_the_stats_from_their_subscribers(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stage.ledger, "sweeper_state", lambda: 1 / 0)
    stage.connections.subscribe("s1", "stats")
    ticker.handler.handle({"sweep": True}, Context())
    assert stage.connections.received["s1"]
    lines = map(json.loads, capsys.readouterr().out.splitlines())
    assert [line[FAILED_SWEEPS] for line in lines if "_aws" in line] == [[1]], "so the operator gets an alarm"


def test_each_run_of_the_clock_rolls_up_the_stats_and_reads_the_lanes_even_if_one_fails(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []
    monkeypatch.setattr(ticker.handler, "preparations", lambda: [lambda: 1 / 0, lambda: done.append("lanes")])
    ticker.handler.handle({}, Context())
    assert done == []
    ticker.handler.handle({"sweep": True}, Context())
    assert done == ["lanes"]


def test_tasks_that_could_not_be_delivered_are_read_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    entry = {
        "messageId": "m1",
        "body": '{"job":"j1","index":3,"op":"fetch","variant":"0","input":"http://a/?key=secret"}',
        "receiptHandle": "r1",
        "attributes": {"ApproximateReceiveCount": "1"},
        "eventSourceARN": "arn:aws:sqs:us-east-1:1:umbel-tasks-dead",
    }
    assert ticker.handler.handle({"Records": [entry]}, Context()) == {"batchItemFailures": []}
    assert caplog.messages == ["task not delivered to its lane"]
    logged = vars(caplog.records[0])
    assert (logged["queue"], logged["job_id"], logged["index"]) == ("umbel-tasks-dead", "j1", 3)
    assert "secret" not in str(logged)

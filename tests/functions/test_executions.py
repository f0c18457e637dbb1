"""The metric of repeated work: what the alarm of the ticker goes by."""

import json
from datetime import UTC, datetime

import pytest
from aws_lambda_powertools import Logger

from tests.fakes import FakeLedger
from ticker.executions import Executions
from umbel_core.clock import now
from umbel_core.executions import EXECUTIONS, EXECUTIONS_LIMIT, MIN_RUNS, NAMESPACE
from umbel_core.op_stats import OpStats, PeriodStats, minute_of


def counted(**ops: OpStats) -> FakeLedger:
    ledger = FakeLedger()
    assert ledger.write([], [PeriodStats(minute_of(now()), ops)])
    return ledger


def record(ledger: FakeLedger) -> dict[str, float]:
    return Executions(ledger, "umbel", Logger(service="ticker")).record(datetime.now(UTC))


def test_each_op_that_ran_often_enough_is_one_value_of_the_metric(capsys: pytest.CaptureFixture[str]) -> None:
    ledger = counted(
        blur=OpStats(runs=MIN_RUNS, repeats=2), say=OpStats(runs=50), sum=OpStats(runs=MIN_RUNS - 1, repeats=9)
    )
    found = record(ledger)
    assert found == {"blur": 1.1, "say": 1.0}
    assert found["blur"] > EXECUTIONS_LIMIT
    line = json.loads(capsys.readouterr().out)
    (declared,) = line["_aws"]["CloudWatchMetrics"]
    assert (declared["Namespace"], declared["Dimensions"]) == (NAMESPACE, [["service"]])
    assert (line["service"], line[EXECUTIONS], line["ops"]) == ("umbel", [1.1, 1.0], found)


def test_nothing_is_written_when_no_op_ran_often_enough(capsys: pytest.CaptureFixture[str]) -> None:
    assert record(counted(sum=OpStats(runs=3, repeats=3))) == {}
    assert capsys.readouterr().out == ""


def test_counters_that_cannot_be_read_do_not_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = FakeLedger()
    monkeypatch.setattr(ledger, "counted", lambda _: 1 / 0)
    assert record(ledger) == {}

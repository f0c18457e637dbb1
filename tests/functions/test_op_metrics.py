"""Each batch of a lane writes one line in CloudWatch's embedded metric format."""

import json
from typing import Any

import msgspec
import pytest
from aws_lambda_powertools import Logger

from tests.core.aws.stubs import stubbed
from tests.functions.stage import Stage
from umbel_core.aws.consumer import SqsConsumer
from umbel_core.clock import now
from umbel_core.executions import NAMESPACE, TASK_DURATION, TASK_EXECUTIONS, TASKS_COMPLETED, TASKS_FAILED
from umbel_core.ids import new_job_id
from umbel_core.ledger import JobRecord, Outcome, TaskRecord
from umbel_core.sqs import Message
from worker import op_metrics
from worker.batch import BatchRunner

DONE = Outcome(status="completed", attempts=1, finished_at="", duration_ms=20)
FAILED = Outcome(status="failed", attempts=3, finished_at="", duration_ms=5)
SKIPPED = Outcome(status="skipped", finished_at="")


def written(capsys: pytest.CaptureFixture[str], *ended: Outcome) -> dict[str, Any]:
    op_metrics.write("staging", "blur", ended)
    (line,) = capsys.readouterr().out.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def messages(stage: Stage, count: int) -> list[Message]:
    """Plan a job of so many tasks; return their messages."""
    job_id, moment = new_job_id(), now()
    tasks = [
        TaskRecord(job_id=job_id, index=index, op="say", variant=f"v{index}", input="hi", queued_at=moment)
        for index in range(count)
    ]
    job = JobRecord(
        id=job_id, kind="manifest", name="n", created_at=moment, updated_at=moment, planned=True, total=count
    )
    stage.ledger.plan(job, tasks)
    bodies = [msgspec.json.encode(task.command()).decode() for task in tasks]
    return [Message(id=str(n), body=body, receives=1, receipt_handle="r") for n, body in enumerate(bodies)]


def assert_valid(line: dict[str, Any]) -> None:
    """Assert what the format's specification says of a line; CloudWatch ignores others without an error."""
    assert isinstance(line["_aws"]["Timestamp"], int)
    assert line["_aws"]["Timestamp"] > 1_700_000_000_000, "milliseconds"
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert 1 <= len(directive["Namespace"]) <= 255
    for names in directive["Dimensions"]:
        assert 1 <= len(names) <= 30
        assert all(isinstance(line[name], str) and line[name] for name in names)
    assert 1 <= len(directive["Metrics"]) <= 100
    for metric in directive["Metrics"]:
        assert metric["Unit"] in {"Count", "Milliseconds", "None"}
        values = line[metric["Name"]]
        assert 1 <= len(values) <= 100
        assert all(isinstance(value, (int, float)) for value in values)


def test_the_line_says_how_the_tasks_of_the_op_ended(capsys: pytest.CaptureFixture[str]) -> None:
    line = written(capsys, DONE, DONE, FAILED, SKIPPED)
    assert_valid(line)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], sorted(directive["Dimensions"][0])) == (NAMESPACE, ["op", "service"])
    assert (line["op"], line["service"]) == ("blur", "staging")
    assert (line[TASKS_COMPLETED], line[TASKS_FAILED]) == ([2], [1])
    assert line[TASK_DURATION] == [20, 20, 5], "a skipped task has not run"
    assert line[TASK_EXECUTIONS] == [1, 1, 3]


def test_a_batch_in_which_every_task_was_skipped_has_no_duration(capsys: pytest.CaptureFixture[str]) -> None:
    line = written(capsys, SKIPPED)
    assert_valid(line)
    assert TASK_DURATION not in line
    assert line[TASKS_COMPLETED] == [0]


def test_a_batch_in_which_no_task_ended_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    op_metrics.write("staging", "blur", [])
    assert capsys.readouterr().out == ""


def test_a_deployment_can_do_without(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "true")
    op_metrics.write("staging", "blur", [DONE])
    assert capsys.readouterr().out == ""


def test_one_batch_writes_one_line_and_the_next_one_starts_from_zero(capsys: pytest.CaptureFixture[str]) -> None:
    stage = Stage()
    with stubbed("sqs") as sqs:
        consumer = SqsConsumer(sqs.client, "https://q", Logger(service="test"), 0)
        lane = BatchRunner(stage.runner(), consumer, Logger(service="test"), "staging")
        for count in (1, 3):
            lane.run(messages(stage, count), lambda: 60_000)
    lines = [line for line in map(json.loads, capsys.readouterr().out.splitlines()) if "_aws" in line]
    assert [line[TASKS_COMPLETED] for line in lines] == [[1], [3]]
    for line in lines:
        assert_valid(line)
        assert line["service"] == "staging"

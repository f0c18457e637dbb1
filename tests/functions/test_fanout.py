"""The fan-out's handler: a batch of pushes is sent as one, and what cannot be read comes back."""

import json
from io import StringIO
from typing import Any

import msgspec
import pytest

import fanout.handler
from tests.functions.stage import Stage
from umbel_core.ledger import TaskRecord
from umbel_core.pushing import FANOUT_SECONDS, Push


def event(*bodies: str) -> dict[str, Any]:
    attributes = {"ApproximateReceiveCount": "1"}
    common = {"receiptHandle": "r", "attributes": attributes, "eventSourceARN": "arn:aws:sqs:us-east-1:1:umbel-fanout"}
    return {"Records": [{"messageId": f"m{place}", "body": body, **common} for place, body in enumerate(bodies)]}


def a_push(**changes: Any) -> str:
    task = TaskRecord(job_id="j1", index=0, op="say", variant="v", input="x", queued_at="t")
    push = Push(subscribers={"j1": ["s1", "s2"]}, tasks=[msgspec.structs.replace(task, **changes)])
    return msgspec.json.encode(push).decode()


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    stage = Stage()
    monkeypatch.setattr(fanout.handler, "pusher", lambda: stage.pusher)
    return stage


def test_a_batch_is_sent_as_one_and_the_message_that_cannot_be_read_comes_back(stage: Stage) -> None:
    bodies = [a_push(status="completed", version=3), "nothing", a_push(status="running", version=2)]
    assert fanout.handler.handle(event(*bodies), None) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    for socket in ("s1", "s2"):
        assert [each["task"]["status"] for each in stage.connections.received[socket]] == ["completed"]
    assert stage.connections.seconds == FANOUT_SECONDS


def test_a_push_of_another_version_is_not_taken_for_an_empty_one(stage: Stage) -> None:
    answer = fanout.handler.handle(event('{"subscribers":{},"news":[]}'), None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}


def test_the_log_has_nothing_of_the_tasks_but_their_ids(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    written = StringIO()
    monkeypatch.setattr(fanout.handler.logger.registered_handler, "stream", written)
    fanout.handler.handle(event(a_push(input="canary", trace_id="1-a-b")), None)
    assert "canary" not in written.getvalue()
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [(line["job_id"], line["trace_id"]) for line in lines if line["message"] == "pushed"] == [("j1", "1-a-b")]

"""Our own faults: retried with a pause, given up with a reason, brought home when mended. A probe is an op like any."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.api import Api
from tests.pipeline.deployment import Deployed
from tests.pipeline.feed import Feed
from tests.pipeline.shapes import moment

pytestmark = pytest.mark.engine


def test_an_op_is_one_file(api: Api, done: Callable[..., dict[str, Any]]) -> None:
    card = next(op for op in api.get("/ops").body["ops"] if op["name"] == "slow")
    assert card["summary"] == "Say the word backwards, after a while; a bad one not at all."
    assert (card["takes"], card["returns"]) == ("text", "value")
    seconds = card["params"]["properties"]["seconds"]
    assert (seconds["type"], seconds["minimum"], seconds["maximum"], seconds["default"]) == ("number", 0, 30, 0.3)
    job = api.run({"op": "slow", "input": "umbel"})
    assert done(job)["status"] == "completed"
    (task,) = api.tasks(job)
    assert (task["result"], task["params"]) == ("lebmu", {})
    assert task["duration_ms"] >= 300


def test_a_fault_is_retried_after_pauses_that_double(
    api: Api, tmp_path: Path, done: Callable[..., dict[str, Any]]
) -> None:
    (tmp_path / "faulty").write_text("2")
    job = api.run({"op": "faulty", "input": str(tmp_path / "faulty")})
    assert done(job)["status"] == "completed"
    (task,) = api.tasks(job)
    assert (task["result"], task["attempts"], task["error"]) == ("mended", 3, None)
    assert (moment(task["finished_at"]) - moment(task["queued_at"])).total_seconds() > 1 + 2


def test_one_fault_in_a_batch_costs_the_others_nothing(
    api: Api, tmp_path: Path, done: Callable[..., dict[str, Any]]
) -> None:
    files = [tmp_path / f"faulty-{place}" for place in range(10)]
    for file in files:
        file.write_text("1" if file == files[4] else "0")
    job = api.run(*({"op": "faulty", "input": str(file)} for file in files))
    assert done(job)["counts"]["completed"] == 10
    assert [task["attempts"] for task in api.tasks(job)] == [1, 1, 1, 1, 2, 1, 1, 1, 1, 1]


def test_a_worker_killed_in_mid_task_costs_a_retry_and_no_task(
    api: Api, tmp_path: Path, done: Callable[..., dict[str, Any]]
) -> None:
    files = [tmp_path / f"fatal-{place}" for place in range(3)]
    files[1].touch()
    job = api.run(*({"op": "fatal", "input": str(file)} for file in files))
    assert done(job)["counts"] == {"total": 3, "completed": 3, "failed": 0, "skipped": 0}
    tasks = api.tasks(job)
    assert [task["result"] for task in tasks] == ["survived"] * 3
    assert tasks[1]["attempts"] > 1


@pytest.fixture
def impatient(deployed: Deployed) -> None:
    """The probe's lane gives up after three receives: with the template's number it would take minutes."""
    url = deployed.queue("op-faulty")
    attributes = deployed.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    policy = json.dumps({**json.loads(attributes["RedrivePolicy"]), "maxReceiveCount": 3})
    deployed.sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": policy})


def test_what_is_hopeless_is_given_up_with_its_reason_and_comes_home_when_mended(
    api: Api, deployed: Deployed, impatient: None, feed: Feed, tmp_path: Path, done: Callable[..., dict[str, Any]]
) -> None:
    file = tmp_path / "faulty"
    file.write_text("1000")
    job = api.run({"op": "faulty", "input": str(file)})
    ended = done(job)
    assert (ended["status"], ended["counts"]["failed"]) == ("failed", 1)
    (task,) = api.tasks(job)
    assert (task["status"], task["attempts"], task["error"]["code"]) == ("failed", 3, "given_up")
    assert "Given up after 3 attempts; at last OSError" in task["error"]["message"]
    assert job in _given_up(deployed)
    told = feed.wait_for(lambda message: message["type"] == "system", "the dead letter to be told")
    assert (told["event"]["kind"], told["event"]["op"]) == ("dead_letter", "faulty")
    file.write_text("0")
    answer = api.post("/ops/faulty/redrive")
    assert (answer.status, answer.body["op"]) == (202, "faulty")
    assert answer.body["redriven"] > 0
    mended = done(job, "completed")
    assert mended["counts"] == {"total": 1, "completed": 1, "failed": 0, "skipped": 0}
    assert mended["errors"] == []
    assert api.tasks(job)[0]["result"] == "mended"
    assert job not in _given_up(deployed)


def _given_up(deployed: Deployed) -> set[str | None]:
    return {letter.job_id for letter in deployed.ledger.dead_letters("faulty")}

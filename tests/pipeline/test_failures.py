"""Tests of errors of our own: a task is retried after a delay, then becomes a dead letter, and can be redriven."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed
from tests.pipeline.feed import SocketClient
from tests.pipeline.shapes import parse_time
from tests.pipeline.waiting import wait_for
from umbel_core.ledger import TaskRecord
from worker.runner import MAX_ATTEMPTS

pytestmark = pytest.mark.engine


def test_an_op_is_one_file(api: ApiClient, done: Callable[..., dict[str, Any]]) -> None:
    card = next(op for op in api.get("/ops").body["ops"] if op["name"] == "slow")
    assert card["summary"] == 'Reverse the word after a pause; refuse the word "bad".'
    assert (card["takes"], card["returns"]) == ("text", "value")
    seconds = card["params"]["properties"]["seconds"]
    assert (seconds["type"], seconds["minimum"], seconds["maximum"], seconds["default"]) == ("number", 0, 30, 0.3)
    job = api.run({"op": "slow", "input": "umbel"})
    assert done(job)["status"] == "completed"
    (task,) = api.tasks(job)
    assert (task["result"], task["params"]) == ("lebmu", {})
    assert task["duration_ms"] >= 300


def test_an_error_is_retried_after_delays_that_double(
    api: ApiClient, tmp_path: Path, done: Callable[..., dict[str, Any]]
) -> None:
    (tmp_path / "faulty").write_text("2")
    job = api.run({"op": "faulty", "input": str(tmp_path / "faulty")})
    assert done(job)["status"] == "completed"
    (task,) = api.tasks(job)
    assert (task["result"], task["attempts"], task["error"]) == ("succeeded", 3, None)
    assert (parse_time(task["finished_at"]) - parse_time(task["queued_at"])).total_seconds() > 1 + 2


def test_an_error_in_a_batch_of_messages_repeats_only_its_own_task(
    api: ApiClient, tmp_path: Path, done: Callable[..., dict[str, Any]]
) -> None:
    files = [tmp_path / f"faulty-{index}" for index in range(10)]
    for file in files:
        file.write_text("1" if file == files[4] else "0")
    job = api.run(*({"op": "faulty", "input": str(file)} for file in files))
    assert done(job)["counts"]["completed"] == 10
    assert [task["attempts"] for task in api.tasks(job)] == [1, 1, 1, 1, 2, 1, 1, 1, 1, 1]


def test_after_a_worker_is_killed_during_a_task_the_task_is_retried(
    api: ApiClient, tmp_path: Path, done: Callable[..., dict[str, Any]]
) -> None:
    files = [tmp_path / f"fatal-{index}" for index in range(3)]
    files[1].touch()
    job = api.run(*({"op": "fatal", "input": str(file)} for file in files))
    assert done(job)["counts"] == {"total": 3, "completed": 3, "failed": 0, "skipped": 0}
    tasks = api.tasks(job)
    assert [task["result"] for task in tasks] == ["survived"] * 3
    assert tasks[1]["attempts"] == 1, "a first run that was killed within a second is not counted"


@pytest.fixture
def three_receives(deployed: Deployed) -> None:
    """Set the lane's maximum receives to 3: with the template's number the test would take minutes."""
    url = deployed.queue("op-faulty")
    attributes = deployed.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    policy = json.dumps({**json.loads(attributes["RedrivePolicy"]), "maxReceiveCount": 3})
    deployed.sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": policy})


def test_a_task_that_always_fails_becomes_a_dead_letter_and_completes_after_a_redrive(
    api: ApiClient,
    deployed: Deployed,
    three_receives: None,
    feed: SocketClient,
    tmp_path: Path,
    done: Callable[..., dict[str, Any]],
) -> None:
    file = tmp_path / "faulty"
    file.write_text("1000")
    job = api.run({"op": "faulty", "input": str(file)})
    ended = done(job)
    assert (ended["status"], ended["counts"]["failed"]) == ("failed", 1)
    (task,) = api.tasks(job)
    assert (task["status"], task["attempts"], task["error"]["code"]) == ("failed", 3, "given_up")
    assert "Given up after 3 attempts; the last error was OSError" in task["error"]["message"]
    assert job in _jobs_with_dead_letters(deployed)
    message = feed.wait_for(lambda message: message["type"] == "system", "the event of the dead letter")
    assert (message["event"]["kind"], message["event"]["op"]) == ("dead_letter", "faulty")
    file.write_text("0")
    answer = api.post("/ops/faulty/redrive")
    assert (answer.status, answer.body["op"]) == (202, "faulty")
    assert answer.body["redriven"] > 0
    completed = done(job, "completed")
    assert completed["counts"] == {"total": 1, "completed": 1, "failed": 0, "skipped": 0}
    assert completed["errors"] == []
    assert api.tasks(job)[0]["result"] == "succeeded"
    assert job not in _jobs_with_dead_letters(deployed)


def test_a_task_whose_last_attempt_fails_is_given_up_before_its_message_has_all_its_receives(
    api: ApiClient, deployed: Deployed, tmp_path: Path, done: Callable[..., dict[str, Any]]
) -> None:
    file = tmp_path / "faulty"
    file.write_text("1000")
    job = api.run({"op": "faulty", "input": str(file)})

    def failed_once() -> TaskRecord | None:
        task = deployed.ledger.task(job, 0)
        return task if task and task.last_error else None

    task = wait_for(failed_once, "the first error")
    deployed.ledger.record_error(task.command(), MAX_ATTEMPTS - 2, "OSError: it has failed before")
    assert done(job)["status"] == "failed"
    (task_seen,) = api.tasks(job)
    assert (task_seen["attempts"], task_seen["error"]["code"]) == (MAX_ATTEMPTS, "given_up")
    assert job in _jobs_with_dead_letters(deployed)


def _jobs_with_dead_letters(deployed: Deployed) -> set[str | None]:
    return {dead_letter.job_id for dead_letter in deployed.ledger.dead_letters("faulty")}

"""Each message of a connection gets an answer that is small enough for API Gateway."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sockets.actions import Actions
from tests.functions.stage import Stage
from umbel_core.catalogue import read_ops
from umbel_core.clock import now
from umbel_core.ids import new_job_id
from umbel_core.ledger import JobRecord, TaskRecord
from umbel_core.messages import MAX_TOPICS
from umbel_core.settings import Limits
from umbel_core.submit import Submitter

CARRIED = 128_000
CATALOGUE = read_ops(Path("functions/ops"))
CRAWL = {"action": "crawl", "urls": ["http://example.org/"], "workers": 2}


def stage_with(tasks: int, text: str = "hi") -> tuple[Stage, Actions, str]:
    stage, moment, job = Stage(), now(), new_job_id()
    of = [
        TaskRecord(job_id=job, index=i, op="say", variant=f"v{i}", input=text, queued_at=moment) for i in range(tasks)
    ]
    made = JobRecord(id=job, kind="task", name="n", created_at=moment, updated_at=moment, planned=True, total=tasks)
    stage.ledger.plan(made, of)
    return stage, talk(stage), job


def talk(stage: Stage) -> Actions:
    submitter = Submitter(stage.ledger, stage.uploads, CATALOGUE, Limits())
    return Actions(
        stage.ledger, stage.connections, submitter, stage.results.link, partial(stage.started.append, "ticker")
    )


def say(actions: Actions, message: Any) -> None:
    actions.run("s1", message if isinstance(message, str) else json.dumps(message))


def test_a_subscriber_sees_the_job_and_its_tasks_and_hears_what_follows() -> None:
    stage, actions, job = stage_with(2)
    say(actions, {"action": "subscribe", "job": job})
    (snapshot,) = stage.connections.received["s1"]
    assert (snapshot["type"], snapshot["topic"], snapshot["more"]) == ("snapshot", job, False)
    assert snapshot["job"]["id"] == job
    assert [task["status"] for task in snapshot["tasks"]] == ["pending", "pending"]
    assert stage.connections.subscribers([job]) == {job: {"s1"}}
    say(actions, {"action": "unsubscribe", "job": job})
    assert stage.connections.subscribers([job]) == {}


def test_a_long_snapshot_comes_in_parts_that_can_be_carried() -> None:
    stage, actions, job = stage_with(100, "x" * 4000)
    say(actions, {"action": "subscribe", "job": job})
    parts = stage.connections.received["s1"]
    assert len(parts) > 1
    assert max(len(msgspec.json.encode(part)) for part in parts) < CARRIED
    assert [task["id"] for part in parts for task in part["tasks"]] == [f"{job}.{place}" for place in range(100)]


def test_a_job_of_more_tasks_says_that_there_are_more() -> None:
    stage, actions, job = stage_with(101)
    say(actions, {"action": "subscribe", "job": job})
    assert stage.connections.received["s1"][-1]["more"] is True
    assert sum(len(part["tasks"]) for part in stage.connections.received["s1"]) == 100


def test_everything_is_the_newest_jobs() -> None:
    stage, actions, job = stage_with(1)
    say(actions, {"action": "subscribe", "job": "*"})
    assert [each["id"] for part in stage.connections.received["s1"] for each in part["jobs"]] == [job]


def test_everything_of_nothing_is_still_an_answer() -> None:
    stage = Stage()
    say(talk(stage), {"action": "subscribe", "job": "*"})
    assert [message["jobs"] for message in stage.connections.received["s1"]] == [[]]


def test_who_asks_for_numbers_listens_to_them_and_has_the_ticker_started() -> None:
    stage, actions, _ = stage_with(0)
    say(actions, {"action": "stats"})
    assert (stage.connections.subscribers(["stats"]), stage.started) == ({"stats": {"s1"}}, ["ticker"])
    say(actions, {"action": "stats", "stop": True})
    assert (stage.connections.subscribers(["stats"]), stage.started) == ({}, ["ticker"])


def test_a_connection_subscribes_to_a_thousand_topics_at_most() -> None:
    stage, actions, job = stage_with(1)
    for number in range(MAX_TOPICS):
        assert stage.connections.subscribe("s1", f"j{number}")
    for message in ({"action": "subscribe", "job": job}, {"action": "stats"}, {"action": "subscribe", "job": "*"}):
        say(actions, message)
    assert [each["error"]["code"] for each in stage.connections.received["s1"]] == ["too_many_topics"] * 3
    assert not stage.started
    stage.connections.unsubscribe("s1", "j0")
    say(actions, {"action": "subscribe", "job": job})
    say(actions, {"action": "subscribe", "job": job})
    assert [each["type"] for each in stage.connections.received["s1"][3:]] == ["snapshot"] * 2


def test_a_ping_is_answered() -> None:
    stage, actions, _ = stage_with(0)
    say(actions, {"action": "ping"})
    assert stage.connections.received["s1"] == [{"type": "pong"}]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("", "invalid_json"),
        ("{", "invalid_json"),
        ("[]", "invalid_message"),
        ("{}", "invalid_message"),
        ({"action": 3}, "invalid_message"),
        ({"action": "subscribe"}, "invalid_message"),
        ({"action": "subscribe", "job": 3}, "invalid_message"),
        ({"action": "subscribe", "job": ""}, "invalid_message"),
        ({"action": "subscribe", "job": "j0"}, "no_such_job"),
        ({"action": "subscribe", "job": "JOB#x\n"}, "no_such_job"),
        ({"action": "unsubscribe", "job": "x" * 3000}, "no_such_job"),
        ({"action": "shout", "job": "*"}, "unknown_action"),
    ],
)
def test_what_is_not_understood_is_answered_with_a_code(message: Any, code: str) -> None:
    stage, actions, _ = stage_with(0)
    say(actions, message)
    (answer,) = stage.connections.received["s1"]
    assert (answer["type"], answer["error"]["code"]) == ("error", code)
    assert stage.connections.subscribers(["j0", "JOB#x\n"]) == {}


def test_a_crawl_is_answered_with_its_job_and_ends_with_its_socket() -> None:
    stage = Stage()
    stage.connections.add("s1", "operator")
    say(talk(stage), CRAWL)
    (snapshot,) = stage.connections.received["s1"]
    job = snapshot["topic"]
    assert (snapshot["type"], snapshot["job"]["kind"], snapshot["job"]["status"]) == ("snapshot", "crawl", "pending")
    assert stage.connections.subscribers([job]) == {job: {"s1"}}
    assert json.loads(stage.uploads.objects[f"jobs/{job}.json"]) == {"urls": CRAWL["urls"], "workers": 2}
    stage.connections.remove("s1")
    found = stage.ledger.job(job)
    assert found
    assert found.status == "cancelled"


@pytest.mark.parametrize("finder", [Stage.relay_all, lambda stage: say(talk(stage), {"action": "ping"})])
def test_a_crawl_ends_whoever_finds_its_socket_gone(finder: Callable[[Stage], object]) -> None:
    stage = Stage()
    stage.connections.add("s1", "operator")
    say(talk(stage), CRAWL)
    job = stage.connections.received["s1"][0]["topic"]
    stage.connections.gone.add("s1")
    finder(stage)
    found = stage.ledger.job(job)
    assert found
    assert found.status == "cancelled"


@pytest.mark.parametrize(
    ("role", "message", "code"),
    [
        ("viewer", CRAWL, "forbidden"),
        ("operator", {**CRAWL, "workers": 0}, "invalid_manifest"),
        ("operator", {"action": "crawl"}, "invalid_manifest"),
    ],
)
def test_a_crawl_that_may_not_be_is_refused(role: str, message: Any, code: str) -> None:
    stage = Stage()
    stage.connections.add("s1", role)
    say(talk(stage), message)
    (answer,) = stage.connections.received["s1"]
    assert (answer["type"], answer["error"]["code"]) == ("error", code)
    assert not stage.uploads.objects

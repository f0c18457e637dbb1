"""One trace id goes with a job through all functions: into its records, its messages and every log line about it."""

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import msgspec
import pytest

import coordinator.handler
import dead_letters.handler
import fanout.handler
import relay.handler
import worker.handler
from dead_letters.environment import DeadLettersEnvironment
from tests.functions.stage import Stage
from tests.functions.test_handlers import Context, FakeSqs, event
from umbel_core.aws.consumer import SqsConsumer
from umbel_core.clock import now
from umbel_core.environment import variables
from umbel_core.ledger import JobRecord
from umbel_core.messages import RepublishTasks, RetryTasks
from umbel_core.settings import Limits
from umbel_core.trace import trace_id_of
from worker.batch import BatchRunner

ROOT = "1-5759e988-bd862e3fe1be46a994272793"
OF_API = "1-66666666-bd862e3fe1be46a994272793"
HANDLERS = (coordinator.handler, worker.handler, relay.handler, fanout.handler, dead_letters.handler)


def traced(*bodies: str, **more: Any) -> dict[str, Any]:
    """An event whose messages carry the trace of the object's upload, as SQS passes it on."""
    made = event(*bodies, **more)
    for record in made["Records"]:
        record["attributes"]["AWSTraceHeader"] = f"Root={ROOT};Parent=3995c3f42cd8ad8;Sampled=1"
    return made


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A stage whose functions are called by their handlers."""
    stage = Stage()
    planner = msgspec.structs.replace(stage.planner, begin=coordinator.handler.name_log_lines)
    sqs: Any = FakeSqs()
    intake = SqsConsumer(sqs, "https://queue", coordinator.handler.logger, 1000)
    lane = SqsConsumer(sqs, "https://queue", worker.handler.logger, 1000)
    batches = BatchRunner(stage.runner(), lane, worker.handler.logger)
    monkeypatch.setattr(coordinator.handler, "planner", lambda: planner)
    monkeypatch.setattr(coordinator.handler, "intake", lambda: intake)
    monkeypatch.setattr(worker.handler, "batches", lambda: batches)
    monkeypatch.setattr(relay.handler, "relay", lambda: stage.relay)
    monkeypatch.setattr(fanout.handler, "pusher", lambda: stage.pusher)
    letters = msgspec.structs.replace(stage.dead_letters, begin=dead_letters.handler.name_log_lines)
    monkeypatch.setattr(dead_letters.handler, "dead_letters", lambda: letters)
    environment = DeadLettersEnvironment(
        ledger_table="t", limits=Limits(), intake_dead="umbel-intake-dead", lane_prefix="umbel-op-", dead_suffix="-dead"
    )
    for name, value in variables(environment).items():
        monkeypatch.setenv(name, value)
    dead_letters.handler.environment.cache_clear()
    yield stage
    dead_letters.handler.environment.cache_clear()


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """What the handlers write."""
    written = StringIO()
    for each in HANDLERS:
        monkeypatch.setattr(each.logger.registered_handler, "stream", written)
    return written


def lines(logs: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in logs.getvalue().splitlines()]


def run_all(stage: Stage) -> None:
    """Let the workers, the relay and the fan-out do what there is to do."""
    bodies = [body.decode() for body in stage.tasks.messages]
    stage.tasks.messages.clear()
    worker.handler.handle(event(*bodies, queue="umbel-op-say"), Context(19_000))
    relay.handler.handle({"Records": json.loads(json.dumps(stage.ledger.stream))}, None)
    fanout.handler.handle(event(*[msgspec.json.encode(push).decode() for push in stage.fanout.pushes]), None)


def test_every_line_about_a_job_has_its_id_and_the_trace_id_of_its_upload(stage: Stage, logs: StringIO) -> None:
    for number in range(5):
        stage.connections.subscribe(f"s{number}", "*")
    notice = stage.drop("uploads/hero/cat.png", b"pixels")
    coordinator.handler.handle(traced(notice), Context(180_000))
    bodies = [body.decode() for body in stage.tasks.messages]
    run_all(stage)
    dead_letters.handler.handle(event(*bodies, queue="umbel-op-soft-dead", receives=6), None)
    (job_id,) = {command["job"] for command in map(json.loads, bodies)}
    batches = {"batch relayed", "batch pushed"}
    about = [line for line in lines(logs) if line["message"] not in batches]
    assert {line["service"] for line in about} == {"coordinator", "worker", "relay", "fanout", "dead_letters"}
    assert {(line["job_id"], line["trace_id"]) for line in about} == {(job_id, ROOT)}
    job = stage.ledger.job(job_id)
    assert job
    assert job.trace_id == ROOT


def test_a_job_keeps_the_trace_id_of_its_request(stage: Stage) -> None:
    job_id, moment = "j" + "0" * 20, now()
    key = f"jobs/{job_id}.json"
    expected = JobRecord(
        id=job_id, kind="task", name="n", created_at=moment, updated_at=moment, source=key, trace_id=OF_API
    )
    stage.ledger.expect(expected)
    coordinator.handler.handle(traced(stage.drop(key, b'{"tasks":[{"op":"say","input":"hi"}]}')), Context(180_000))
    assert [command.trace_id for command in stage.tasks.commands] == [OF_API]


def test_without_any_trace_a_job_gets_an_id_of_its_own(stage: Stage) -> None:
    for name in ("a", "b"):
        notice = stage.drop(f"jobs/{name}.json", b'{"tasks":[{"op":"say","input":"hi"}]}')
        coordinator.handler.handle(event(notice), Context(180_000))
    first, second = stage.tasks.commands
    assert "" != first.trace_id != second.trace_id


def test_an_upload_that_cannot_be_planned_has_one_trace_id_at_each_attempt(stage: Stage, logs: StringIO) -> None:
    notice = stage.drop("uploads/hero/cat.png", b"pixels")
    for make_event in (event, event, traced):
        dead_letters.handler.handle(make_event(notice, queue="umbel-intake-dead"), None)
    (job_id,) = {line["job_id"] for line in lines(logs)}
    assert {line["trace_id"] for line in lines(logs)} == {trace_id_of(job_id)}
    job = stage.ledger.job(job_id)
    assert job
    assert (job.status, job.trace_id) == ("failed", trace_id_of(job_id))


def test_an_error_of_a_message_is_logged_with_its_job_and_not_with_the_one_before(stage: Stage, logs: StringIO) -> None:
    for text in ("hi", "broken"):
        manifest = b'{"tasks":[{"op":"say","input":"%s"}]}' % text.encode()
        coordinator.handler.handle(traced(stage.drop(f"jobs/{text}.json", manifest)), Context(180_000))
    _, broken = stage.tasks.commands
    run_all(stage)
    worker.handler.handle(event("not a task", queue="umbel-op-say"), Context(19_000))
    in_order = [line for line in lines(logs) if line["message"] == "message failed"]
    assert [(line.get("job_id"), line.get("trace_id")) for line in in_order] == [(broken.job_id, ROOT), (None, None)]


@pytest.mark.parametrize(
    "command", [RetryTasks("j1", [0], trace_id=ROOT), RepublishTasks("j1", [0], "2026", trace_id=ROOT)]
)
def test_a_command_on_a_job_carries_the_trace_id(
    stage: Stage, logs: StringIO, command: RetryTasks | RepublishTasks
) -> None:
    coordinator.handler.handle(event(msgspec.json.encode(command).decode()), Context(180_000))
    (line,) = lines(logs)
    assert (line["job_id"], line["trace_id"]) == ("j1", ROOT)
    assert stage.tasks.commands == []

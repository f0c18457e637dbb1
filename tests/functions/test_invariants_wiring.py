"""Handlers are built from their environment, with the limits of time that their docstrings state."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aws_lambda_powertools import Logger

import api.app
import authorizer.handler
import coordinator.handler
import worker.handler
import worker.wiring
from coordinator.environment import CoordinatorEnvironment
from tests.core.aws.stubs import Stub, stubbed
from tests.functions.stage import CATALOGUE, RECIPES
from umbel import warming
from umbel_core.aws import clients
from umbel_core.catalogue import read_ops
from umbel_core.environment import parse, variables
from umbel_core.fused_lane import FUSED, FusedLane
from umbel_core.op import Compute
from umbel_core.settings import Limits
from umbel_core.sqs import Message
from worker.environment import WorkerEnvironment
from worker.work import FileSource, PictureDestination, ValueSource, Work, in_ledger

QUEUE_URL = "https://queue"
LIMITS = Limits(max_tasks=7, retention_days=2)
MESSAGE = Message(id="m1", body="{}", receives=1, receipt_handle="r1")


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """Give the handlers an SQS client of ours, and a region for their others."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with stubbed("sqs") as stub:
        monkeypatch.setattr(clients, "sqs", lambda: stub.client)
        for name in ("dynamodb", "s3", "sns"):
            monkeypatch.setattr(clients, name, getattr(clients, name).__wrapped__)
        yield stub


@pytest.fixture
def coordinator_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[CoordinatorEnvironment]:
    environment = CoordinatorEnvironment(
        uploads_bucket="u",
        ledger_table="l",
        intake_queue_url=QUEUE_URL,
        tasks_topic="t",
        ordered_topic="t.fifo",
        limits=LIMITS,
    )
    for name, value in variables(environment).items():
        monkeypatch.setenv(name, value)
    (tmp_path / "catalogue.json").write_bytes(CATALOGUE.dump())
    (tmp_path / "recipes.json").write_bytes(msgspec.json.encode(RECIPES))
    monkeypatch.setattr(coordinator.handler, "PACKAGED_DATA", tmp_path)
    for made in (coordinator.handler.planner, coordinator.handler.intake):
        made.cache_clear()
    yield environment
    for made in (coordinator.handler.planner, coordinator.handler.intake):
        made.cache_clear()


def process(consumer: Any, remaining_ms: int) -> bool:
    """Whether a consumer processes a message when this much time is left."""
    taken: list[str] = []
    consumer.process(MESSAGE, lambda: remaining_ms, lambda body, _: taken.append(body))
    return bool(taken)


@pytest.mark.parametrize(("remaining_ms", "starts"), [(120_000, True), (119_999, False)])
@pytest.mark.usefixtures("coordinator_environment")
def test_the_coordinator_plans_when_two_minutes_are_left(sqs: Stub, remaining_ms: int, starts: bool) -> None:
    if not starts:
        sqs.answer("change_message_visibility")
    assert process(coordinator.handler.intake(), remaining_ms) is starts
    assert [call["QueueUrl"] for _, call in sqs.calls] == ([] if starts else [QUEUE_URL])


@pytest.mark.usefixtures("coordinator_environment", "sqs")
def test_the_coordinator_plans_with_the_packed_ops_and_recipes() -> None:
    planner = coordinator.handler.planner()
    assert (list(planner.catalogue), planner.recipes, planner.limits) == (list(CATALOGUE), RECIPES, LIMITS)


class Context:
    """What Lambda passes to a handler."""

    def get_remaining_time_in_millis(self) -> int:
        return 300_000


@pytest.mark.usefixtures("coordinator_environment")
def test_a_coordinator_that_is_warmed_builds_all_that_it_needs_and_calls_nothing(sqs: Stub) -> None:
    assert coordinator.handler.handle(warming.EVENTS["coordinator"], Context()) == {"batchItemFailures": []}
    assert coordinator.handler.planner.cache_info().currsize == 1
    assert sqs.calls == []


@pytest.mark.parametrize("op", ["upper", "fetch", "thumbnail", "wait"])
def test_a_lane_that_is_warmed_loads_its_op_and_calls_nothing(
    sqs: Stub, monkeypatch: pytest.MonkeyPatch, op: str
) -> None:
    for name, value in variables(worker_environment(op)).items():
        monkeypatch.setenv(name, value)
    worker.handler.batches.cache_clear()
    assert worker.handler.handle(warming.NO_RECORDS, Context()) == {"batchItemFailures": []}
    assert worker.handler.batches().runner.card.name == op
    worker.handler.batches.cache_clear()
    assert sqs.calls == []


def test_the_lane_of_fused_recipes_loads_all_of_its_ops_and_starts_each_while_half_of_its_time_is_left(
    sqs: Stub,
) -> None:
    compute = Compute(memory_mb=1897, timeout_seconds=100, batch=2)
    fused = FusedLane(("info", "thumbnail"), compute)
    environment = msgspec.structs.replace(worker_environment(FUSED), fused=fused)
    assert parse(WorkerEnvironment, variables(environment)) == environment
    batches = worker.wiring.batch_runner(environment, Path("functions/ops"), Logger(service="test"))
    assert (batches.runner.card.name, batches.runner.card.compute) == (FUSED, compute)
    assert {name: card.compute.memory_mb for name, card in batches.runner.cards.items()} == {
        "info": 1897,
        "thumbnail": 1897,
    }
    longest_ms = 1000 * read_ops(Path("functions/ops"))["info"].compute.timeout_seconds
    assert process(batches.consumer, longest_ms // 2)
    sqs.answer("change_message_visibility")
    assert not process(batches.consumer, longest_ms // 2 - 1)


def test_the_api_and_the_authorizer_that_are_warmed_refuse_and_call_nothing() -> None:
    assert api.app.app(warming.EVENTS["api"], Context())["statusCode"] == 500
    verdict = authorizer.handler.handle(warming.EVENTS["authorizer"], Context())
    assert verdict["context"] == {"refusal": "malformed"}


def worker_environment(op: str) -> WorkerEnvironment:
    return WorkerEnvironment(
        op=op,
        uploads_bucket="u",
        results_bucket="r",
        ledger_table="l",
        lane_queue_url=QUEUE_URL,
        dead_queue_url="https://dead",
        limits=LIMITS,
    )


@pytest.mark.parametrize(("left_of_timeout", "starts"), [(0.5, True), (0.499, False)])
def test_a_worker_starts_a_task_while_half_of_its_time_is_left(sqs: Stub, left_of_timeout: float, starts: bool) -> None:
    runner = worker.wiring.batch_runner(worker_environment("upper"), Path("functions/ops"), Logger(service="test"))
    if not starts:
        sqs.answer("change_message_visibility")
    timeout_ms = runner.runner.card.compute.timeout_seconds * 1000
    assert process(runner.consumer, int(timeout_ms * left_of_timeout)) is starts
    assert [call["QueueUrl"] for _, call in sqs.calls] == ([] if starts else [QUEUE_URL])


@pytest.mark.parametrize(
    ("op", "source", "destination"),
    [
        ("upper", ValueSource, None),
        ("fetch", ValueSource, None),
        ("info", FileSource, None),
        ("grayscale", FileSource, PictureDestination),
        ("qr", ValueSource, PictureDestination),
    ],
)
@pytest.mark.usefixtures("sqs")
def test_a_worker_reads_and_stores_what_its_op_takes_and_returns(
    op: str, source: type[Any], destination: type[Any] | None
) -> None:
    runner = worker.wiring.batch_runner(worker_environment(op), Path("functions/ops"), Logger(service="test")).runner
    assert runner.card.name == op
    assert isinstance(runner.work, Work)
    assert isinstance(runner.work.source, source)
    if destination is None:
        assert runner.work.destination is in_ledger
    else:
        assert isinstance(runner.work.destination, destination)

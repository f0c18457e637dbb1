"""How many AWS calls the functions make for a picture with four variants: each hop through the real adapters."""

import io
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from aws_lambda_powertools import Logger
from botocore.response import StreamingBody
from PIL import Image

import coordinator.handler
from coordinator.planner import Planner
from relay.changes import read_changes
from relay.relaying import Relay
from relay.remembering import RememberingCounters
from tests.core.aws.stubs import Service, Stub
from umbel.paths import ROOT
from umbel_core.aws import clients
from umbel_core.aws.connections import SocketConnections
from umbel_core.aws.consumer import SqsConsumer
from umbel_core.aws.counters import DynamoCounters
from umbel_core.aws.dynamo import item
from umbel_core.aws.fanout import SqsFanout
from umbel_core.aws.intake import SqsIntake
from umbel_core.aws.keys import job_key, task_key, topic_key
from umbel_core.aws.ledger import DynamoLedger
from umbel_core.aws.tasks import SnsTasks
from umbel_core.aws.uploads import S3Uploads
from umbel_core.catalogue import read_ops
from umbel_core.ledger import JobRecord, TaskRecord
from umbel_core.pushing import FANOUT_SECONDS, Push, Pusher
from umbel_core.recipes import Recipes, read_recipes
from umbel_core.settings import Limits
from umbel_core.sqs import read_messages
from worker.environment import WorkerEnvironment
from worker.wiring import batch_runner

OPS = ROOT / "functions" / "ops"
CATALOGUE = read_ops(OPS)
RECIPES: Recipes = read_recipes(ROOT / "recipes.toml", CATALOGUE)
VARIANTS = 4
MOMENT = "2026-11-27T12:00:00.000Z"
ALONE_BATCHES = 2.15
"""Batches of the stream in which the four ended tasks of one upload arrive, by `bench calls`."""
BURST_UPLOADS = 3
"""Uploads whose changes share a batch of the stream in a burst, by `bench calls`."""
SHARED = 4.3
"""Calls that an upload's messages save in a burst because they share batches of their queues, by `bench calls`."""
ALONE, BURST = 28, 21
"""The most calls for an upload, when there is nothing else to do and among a hundred.

Five of them make messages visible early when a function dies. In a burst most tasks wait for more than a second, and
read whether their job was cancelled.
"""


class Services:
    """Stubbed clients of all services, and the calls that they got."""

    def __init__(self) -> None:
        names: tuple[Service, ...] = ("dynamodb", "s3", "sns", "sqs", "apigatewaymanagementapi")
        self.stubs: dict[str, Stub] = {name: Stub(name) for name in names}
        for stub in self.stubs.values():
            stub.stubber.activate()

    def __getitem__(self, name: str) -> Stub:
        return self.stubs[name]

    def client(self, name: str) -> Any:
        return self.stubs[name].client

    def count(self, work: Callable[[], object]) -> dict[str, int]:
        """Return how often the work calls each operation."""
        for stub in self.stubs.values():
            stub.calls.clear()
        work()
        operations = [operation for stub in self.stubs.values() for operation in stub.operations]
        return {operation: operations.count(operation) for operation in operations}


@pytest.fixture
def services() -> Iterator[Services]:
    services = Services()
    yield services
    for stub in services.stubs.values():
        stub.stubber.assert_no_pending_responses()


def task(index: int, status: Any = "pending") -> TaskRecord:
    return TaskRecord(
        job_id="j1", index=index, op="blur", variant=f"v{index}", input="x", queued_at=MOMENT, status=status
    )


def a_job(**changes: Any) -> JobRecord:
    job = JobRecord(
        id="j1", kind="upload", name="n", created_at=MOMENT, updated_at=MOMENT, planned=True, total=VARIANTS
    )
    return msgspec.structs.replace(job, **changes)


def ended(*indices: int) -> list[dict[str, Any]]:
    """The stream's records of tasks that have ended."""
    return [
        {
            "eventName": "MODIFY",
            "dynamodb": {
                "Keys": task_key("j1", index),
                "SequenceNumber": str(index + 1),
                "OldImage": item(task(index)),
                "NewImage": item(task(index, "completed")),
            },
        }
        for index in indices
    ]


def planned() -> dict[str, Any]:
    return {"eventName": "INSERT", "dynamodb": {"Keys": job_key("j1"), "NewImage": item(a_job())}}


def relay(services: Services) -> Relay:
    dynamodb = services.client("dynamodb")
    connections = SocketConnections(dynamodb, "sockets", services.client("apigatewaymanagementapi"), lambda _: None)
    fanout = SqsFanout(lambda: services.client("sqs"), "https://queue")
    return Relay(
        RememberingCounters(DynamoCounters(dynamodb, "ledger")),
        connections,
        Pusher(connections, lambda key: key),
        fanout,
        SqsIntake(services.client("sqs"), "https://intake"),
    )


def subscribed(services: Services, connections: int = 1) -> None:
    sockets = [f"s{number}" for number in range(connections)]
    found = [{**topic_key("*"), "sockets": {"SS": sockets}}]
    services["dynamodb"].answer("batch_get_item", Responses={"sockets": found})


class Context:
    """What Lambda passes to a handler."""

    def get_remaining_time_in_millis(self) -> int:
        return 300_000


def received(body: str) -> dict[str, Any]:
    """The event of one message of a queue."""
    record = {"messageId": "m", "receiptHandle": "r", "body": body, "eventSourceARN": "arn:aws:sqs:us-east-1:1:queue"}
    return {"Records": [{**record, "attributes": {"ApproximateReceiveCount": "1"}}]}


def plan(services: Services, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    services["dynamodb"].answer("transact_write_items")
    services["sns"].answer("publish_batch", Successful=[], Failed=[])
    sns = SnsTasks(services.client("sns"), "arn:aws:sns:us-east-1:1:tasks", "arn:aws:sns:us-east-1:1:o.fifo", [])
    ledger = DynamoLedger(services.client("dynamodb"), "ledger", 30)
    uploads = S3Uploads(services.client("s3"), "uploads", services.client("s3"))
    planner = Planner(ledger, uploads, sns, CATALOGUE, RECIPES, Limits())
    entry = {"key": "uploads/cat.jpg", "size": 1000, "eTag": "e", "sequencer": "1"}
    event = json.dumps({"Records": [{"s3": {"bucket": {"name": "uploads"}, "object": entry}}]})
    services["sqs"].answer("change_message_visibility_batch", Successful=[], Failed=[])
    intake = SqsConsumer(services.client("sqs"), "https://queue", Logger(), 1000)
    monkeypatch.setattr(coordinator.handler, "planner", lambda: planner)
    monkeypatch.setattr(coordinator.handler, "intake", lambda: intake)
    return services.count(lambda: coordinator.handler.handle(received(event), Context()))


def relay_planned(services: Services, by: Relay) -> dict[str, int]:
    subscribed(services)
    services["apigatewaymanagementapi"].answer("post_to_connection")
    return services.count(lambda: by.relay(read_changes([planned()])))


def relay_tasks(services: Services, by: Relay, *indices: int, connections: int = 1) -> dict[str, int]:
    services["dynamodb"].answer("transact_write_items")
    subscribed(services, connections)
    if connections == 1:
        services["apigatewaymanagementapi"].answer("post_to_connection")
    else:
        services["sqs"].answer("send_message")
    return services.count(lambda: by.relay(read_changes(ended(*indices))))


def first_batch(services: Services, by: Relay) -> dict[str, int]:
    """The calls of a new process, which reads what it counts."""
    services["dynamodb"].answer("batch_get_item", Responses={"ledger": [{**job_key("j1"), **item(a_job())}]})
    return relay_tasks(services, by, 0)


def test_a_picture_is_planned_without_a_read(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first call makes the message visible early if the coordinator dies."""
    calls = {"ChangeMessageVisibilityBatch": 1, "TransactWriteItems": 1, "PublishBatch": 1}
    assert plan(services, monkeypatch) == calls


def test_a_planned_job_takes_a_read_of_the_subscribers_and_a_push(services: Services) -> None:
    assert relay_planned(services, relay(services)) == {"BatchGetItem": 1, "PostToConnection": 1}


def test_the_relay_counts_without_a_read_and_takes_one_push_for_all_tasks(services: Services) -> None:
    """It remembers what it wrote, and the jobs that the stream brought. Only the first batch is read."""
    by = relay(services)
    assert first_batch(services, by) == {"BatchGetItem": 2, "TransactWriteItems": 1, "PostToConnection": 1}
    assert relay_tasks(services, by, 1, 2) == {"BatchGetItem": 1, "TransactWriteItems": 1, "PostToConnection": 1}


def test_a_batch_for_twenty_connections_is_handed_over_with_one_call(services: Services) -> None:
    by = relay(services)
    first_batch(services, by)
    calls = {"BatchGetItem": 1, "TransactWriteItems": 1, "SendMessage": 1}
    assert relay_tasks(services, by, 1, connections=20) == calls


def test_the_relays_own_write_comes_back_without_a_call(services: Services) -> None:
    folded = a_job(completed=VARIANTS, status="completed", folded_to="1".zfill(40), version=2)
    returned = {
        "eventName": "MODIFY",
        "dynamodb": {"Keys": job_key("j1"), "OldImage": item(a_job()), "NewImage": item(folded)},
    }
    assert services.count(lambda: relay(services).relay(read_changes([returned]))) == {}


def test_the_fan_out_calls_once_for_each_connection_and_32_kb(services: Services) -> None:
    """Ten batches of the stream that wait, of small tasks: one call for each of 20 connections, not 200."""
    gateway = services["apigatewaymanagementapi"]
    gateway.answer(*["post_to_connection"] * 20)
    connections = SocketConnections(services.client("dynamodb"), "sockets", gateway.client, lambda _: None)
    subscribers = {"*": [f"s{number}" for number in range(20)]}
    pushes = [Push(subscribers=subscribers, tasks=[task(4 * n + m, "completed") for m in range(4)]) for n in range(10)]
    pusher = Pusher(connections, lambda key: key)
    assert services.count(lambda: pusher.push(pushes, FANOUT_SECONDS)) == {"PostToConnection": 20}
    assert all(len(params["Data"]) <= 32_000 for _, params in gateway.calls)


def work(services: Services, monkeypatch: pytest.MonkeyPatch, waited: float = 0.0) -> dict[str, int]:
    """The calls of a worker for one task, alone in its batch, so many seconds after it was planned."""
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG")
    for name in ("dynamodb", "s3", "sqs"):
        monkeypatch.setattr(clients, name, lambda name=name: services.client(name))
    environment = WorkerEnvironment(
        op="thumbnail",
        ledger_table="ledger",
        uploads_bucket="uploads",
        results_bucket="results",
        lane_queue_url="https://queue",
        dead_queue_url="https://dead",
        limits=Limits(),
    )
    runner = batch_runner(environment, OPS, Logger())
    services["sqs"].answer("change_message_visibility_batch", Successful=[], Failed=[])
    data = out.getvalue()
    services["s3"].answer("get_object", Body=StreamingBody(io.BytesIO(data), len(data)), ContentLength=len(data))
    services["s3"].answer("put_object")
    if waited:
        services["dynamodb"].answer("batch_get_item", Responses={})
    services["dynamodb"].answer("update_item", Attributes={})
    command = msgspec.structs.replace(task(0).command(), op="thumbnail", input="uploads/cat.png", etag="e")
    command = msgspec.structs.replace(command, planned_at=time.time() - waited)
    messages = read_messages(received(msgspec.json.encode(command).decode()))
    return services.count(lambda: runner.run(messages, lambda: 20_000))


def test_a_variant_takes_a_read_a_write_and_a_commit(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch of ten shares the message's new visibility."""
    calls = {"ChangeMessageVisibilityBatch": 1, "GetObject": 1, "PutObject": 1, "UpdateItem": 1}
    assert work(services, monkeypatch) == calls


def test_a_task_that_waited_takes_one_more_read(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is whether the job was cancelled since it was planned; one read serves a whole batch."""
    assert work(services, monkeypatch, waited=2.0)["BatchGetItem"] == 1


def test_an_upload_alone_and_in_a_burst_takes_no_more_calls_than_this(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a burst, the batches of the stream are shared by many uploads, and some of those of the queues by two."""
    planned = sum(plan(services, monkeypatch).values())
    at_once = planned + VARIANTS * sum(work(services, monkeypatch).values())
    waited = planned + VARIANTS * sum(work(services, monkeypatch, waited=2.0).values())
    by = relay(services)
    first_batch(services, by)
    own = sum(relay_planned(services, by).values())
    batch = sum(relay_tasks(services, by, 1).values())
    assert at_once + own + ALONE_BATCHES * batch <= ALONE
    # A push of forty tasks is two lists.
    assert waited - SHARED + (batch + 1) / BURST_UPLOADS <= BURST

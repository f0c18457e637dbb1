"""Every adapter gets the names of its own environment, and clients that wait as long as their use allows."""

import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from aws_lambda_powertools import Logger

from tests.core.aws.stubs import Service, Stub, stubbed
from umbel.paths import ROOT
from umbel_core.aws import clients, wiring
from umbel_core.ledger import TaskRecord
from umbel_core.messages import RetryTasks, RunTask
from umbel_core.op import Compute
from umbel_core.pushing import Push
from umbel_core.settings import Limits
from umbel_core.sqs import Message

ENVIRONMENT: Any = SimpleNamespace(
    ledger_table="ledger",
    sockets_table="sockets",
    socket_endpoint="https://live.example",
    uploads_bucket="uploads",
    results_bucket="results",
    links_endpoint="http://127.0.0.1:4566",
    lane_prefix="umbel-op-",
    reserve=True,
    fair=False,
    tasks_topic="arn:aws:sns:us-east-1:1:tasks",
    ordered_topic="arn:aws:sns:us-east-1:1:tasks.fifo",
    limits=Limits(retention_days=3, max_upload_bytes=10),
)
COMMAND = RunTask(job_id="j1", index=0, op="say", variant="v", input="x", params={})
NUMBERS = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "Delayed", "NotVisible")]
SERVICES: dict[str, Service] = {"dynamodb": "dynamodb", "s3": "s3", "sns": "sns", "sqs": "sqs", "lambdas": "lambda"}


@pytest.fixture
def stubs(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Stub]]:
    """Replace the clients by stubs."""
    made = {name: Stub(service) for name, service in SERVICES.items()}
    for name, stub in made.items():
        stub.stubber.activate()
        monkeypatch.setattr(clients, name, lambda stub=stub: stub.client)
    yield made
    for stub in made.values():
        stub.stubber.assert_no_pending_responses()


def test_the_ledger_its_counters_and_its_circuits_are_in_one_table(stubs: dict[str, Stub]) -> None:
    table = stubs["dynamodb"]
    table.answer("get_item")
    wiring.ledger(ENVIRONMENT).task("j1", 0)
    table.answer("batch_get_item", Responses={})
    wiring.counters(ENVIRONMENT).read(["j1"], [])
    table.answer("query", Items=[])
    wiring.circuits(ENVIRONMENT).all()
    read, batch, query = (call for _, call in table.calls)
    assert (read["TableName"], list(batch["RequestItems"]), query["TableName"]) == ("ledger", ["ledger"], "ledger")


def test_a_push_goes_to_the_queue_of_the_fan_out_or_to_the_connections_with_links_for_browsers(
    stubs: dict[str, Stub], monkeypatch: Any
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    task = TaskRecord(job_id="j1", index=0, op="say", variant="v", input="x", queued_at="t", result={"key": "a b.png"})
    push = Push(subscribers={"j1": ["s1"]}, tasks=[task])
    stubs["sqs"].answer("send_message")
    wiring.fanout("https://fanout").send(push)
    assert stubs["sqs"].only["QueueUrl"] == "https://fanout"
    assert msgspec.json.decode(stubs["sqs"].only["MessageBody"], type=Push) == push
    with stubbed("apigatewaymanagementapi") as gateway:
        monkeypatch.setattr(clients, "gateway", {"https://live.example": gateway.client}.__getitem__)
        gateway.answer("post_to_connection")
        wiring.pusher(ENVIRONMENT).push([push], 5)
        ((message,)) = msgspec.json.decode(gateway.only["Data"])
    assert message["task"]["result"]["url"].startswith("http://127.0.0.1:4566/results/a%20b.png?")


def test_connections_are_in_their_own_table_and_their_api(stubs: dict[str, Stub], monkeypatch: Any) -> None:
    with stubbed("apigatewaymanagementapi") as gateway:
        monkeypatch.setattr(clients, "gateway", {"https://live.example": gateway.client}.__getitem__)
        gateway.answer("post_to_connection")
        wiring.connections(ENVIRONMENT).send({"s1": [b"hello"]}, 5)
        assert gateway.only == {"ConnectionId": "s1", "Data": b"[hello]"}
    stubs["dynamodb"].answer("put_item")
    wiring.connections(ENVIRONMENT).add("s1", "viewer")
    assert stubs["dynamodb"].only["TableName"] == "sockets"


def test_each_bucket_is_that_of_its_environment(stubs: dict[str, Stub]) -> None:
    s3 = stubs["s3"]
    s3.answer("put_object", "put_object")
    wiring.uploads(ENVIRONMENT).write("jobs/1.json", b"{}")
    wiring.results(ENVIRONMENT).put("k", b"x", "image/png")
    s3.refuse("get_object", "NoSuchKey")
    with pytest.raises(Exception, match="k"):
        wiring.pictures(ENVIRONMENT).fetch("k", None)
    assert [call["Bucket"] for _, call in s3.calls] == ["uploads", "results", "uploads"]


def test_urls_for_browsers_are_signed_for_the_endpoint_that_browsers_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    link = wiring.results_for_browsers(ENVIRONMENT).link("j1/small.png")
    assert link.startswith("http://127.0.0.1:4566/results/j1/small.png?")
    ticket = wiring.uploads(ENVIRONMENT, ENVIRONMENT.links_endpoint).ticket("uploads/k", "image/png", 10, 60)
    assert ticket["url"] == "http://127.0.0.1:4566/uploads"


@pytest.mark.parametrize(
    ("engine", "endpoint", "url"),
    [
        (
            None,
            "https://id.execute-api.us-east-1.amazonaws.com/live",
            "https://id.execute-api.us-east-1.amazonaws.com/live",
        ),
        ("http://172.17.0.2:4566", "/_aws/execute-api/id/live", "http://172.17.0.2:4566/_aws/execute-api/id/live"),
    ],
)
def test_messages_to_connections_go_to_the_engine_that_runs_the_function(
    monkeypatch: pytest.MonkeyPatch, engine: str | None, endpoint: str, url: str
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    if engine:
        monkeypatch.setenv("AWS_ENDPOINT_URL", engine)
    assert clients.gateway.__wrapped__(endpoint).meta.endpoint_url == url


@pytest.mark.parametrize(
    ("engine", "host"),
    [
        (None, "https://uploads.s3.eu-west-1.amazonaws.com/k?"),
        ("http://localhost.localstack.cloud:4566", "http://localhost.localstack.cloud:4566/uploads/k?"),
    ],
)
def test_the_bucket_is_in_the_host_on_aws_and_in_the_path_on_a_local_engine(engine: str | None, host: str) -> None:
    """In a process of its own: the session of a deployment's tests sends all clients of this one to its engine."""
    variables = {
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "PYTHONPATH": str(ROOT / "layers" / "core"),
        **({"AWS_ENDPOINT_URL": engine} if engine else {}),
    }
    code = (
        "from umbel_core.aws import clients;"
        "print(clients.s3().generate_presigned_url('get_object', Params={'Bucket': 'uploads', 'Key': 'k'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(host)


def test_lanes_are_found_by_their_prefix(stubs: dict[str, Stub]) -> None:
    stubs["sqs"].answer("get_queue_url", QueueUrl="https://q")
    stubs["sqs"].answer("get_queue_attributes", Attributes=dict.fromkeys(NUMBERS, "1"))
    wiring.lanes(ENVIRONMENT).backlogs({"say": Compute(timeout_seconds=30, batch=1)})
    assert stubs["sqs"].calls[0][1]["QueueName"] == "umbel-op-say"


@pytest.mark.parametrize(("ordered", "topic"), [(frozenset(), "tasks_topic"), (frozenset({"say"}), "ordered_topic")])
def test_tasks_go_to_the_topic_of_their_op(stubs: dict[str, Stub], ordered: frozenset[str], topic: str) -> None:
    stubs["sns"].answer("publish_batch", Successful=[], Failed=[])
    wiring.tasks(ENVIRONMENT, ordered).publish([COMMAND])
    assert stubs["sns"].only["TopicArn"] == getattr(ENVIRONMENT, topic)


def test_the_intake_is_asked_how_many_messages_wait(stubs: dict[str, Stub]) -> None:
    stubs["sqs"].answer("get_queue_attributes", Attributes={NUMBERS[0]: "7"})
    assert wiring.intake("https://intake").waiting() == 7
    assert stubs["sqs"].only == {"QueueUrl": "https://intake", "AttributeNames": ["ApproximateNumberOfMessages"]}


def test_a_command_is_sent_as_json(stubs: dict[str, Stub]) -> None:
    stubs["sqs"].answer("send_message")
    wiring.intake("https://intake").retry(RetryTasks("j1", [2]))
    assert msgspec.json.decode(stubs["sqs"].only["MessageBody"], type=RetryTasks) == RetryTasks("j1", [2])


def test_queues_are_those_of_their_urls(stubs: dict[str, Stub]) -> None:
    sqs = stubs["sqs"]
    sqs.answer("send_message", "change_message_visibility")
    wiring.intake("https://intake").again("body")
    consumer = wiring.consumer("https://lane", Logger(service="test"), 1000)
    message = Message(id="m1", body="{}", receives=1, receipt_handle="r1")
    assert consumer.process(message, lambda: 999, lambda *_: None) is False
    assert consumer.process(message, lambda: 1000, lambda *_: None) is True
    assert [call["QueueUrl"] for _, call in sqs.calls] == ["https://intake", "https://lane"]
    assert sqs.calls[0][1]["MessageBody"] == "body"

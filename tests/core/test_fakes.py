"""The behaviour of connections, buckets, the intake queue and the topics: the real ones, and the tests' fakes.

tests/core/test_ledger.py does the same for the ledger.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import pytest
from botocore.exceptions import ClientError

from tests.fakes import FakeBucket, FakeConnections, FakeIntake, FakeTasks
from umbel_core.aws.connections import SocketConnections
from umbel_core.aws.intake import SqsIntake
from umbel_core.aws.pictures import S3Pictures, S3Results
from umbel_core.aws.tasks import SnsTasks
from umbel_core.aws.uploads import S3Uploads
from umbel_core.errors import Rejected
from umbel_core.ids import new_job_id
from umbel_core.messages import RetryTasks, RunTask

BOTH = ["fake", pytest.param("engine", marks=pytest.mark.engine)]


class Connected(NamedTuple):
    """Connections, and the messages that a test reads from them."""

    connections: Any
    received: Callable[[str], list[Any]]
    close: Callable[[str], None]
    """Close a connection without a disconnect."""
    ended_jobs: list[str]


class Gateway:
    """API Gateway: keeps the messages of open connections, and knows those that are closed."""

    def __init__(self) -> None:
        self.received: dict[str, list[Any]] = defaultdict(list)
        self.closed: set[str] = set()

    def post_to_connection(self, ConnectionId: str, Data: bytes) -> None:  # noqa: N803 - the SDK's words
        if ConnectionId in self.closed:
            raise ClientError({"Error": {"Code": "GoneException", "Message": ""}}, "PostToConnection")
        self.received[ConnectionId] += msgspec.json.decode(Data)


@pytest.fixture(params=BOTH)
def connected(request: pytest.FixtureRequest) -> Connected:
    ended: list[str] = []
    if request.param == "fake":
        fake = FakeConnections(ended.append)
        return Connected(fake, lambda socket: fake.received[socket], fake.gone.add, ended)
    dynamodb, gateway = request.getfixturevalue("deployed").client("dynamodb"), Gateway()
    name = f"sockets-{new_job_id()}"
    key: Any = {"AttributeName": "pk"}
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{**key, "KeyType": "HASH"}],
        AttributeDefinitions=[{**key, "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    real = SocketConnections(dynamodb, name, gateway, ended.append)  # type: ignore[arg-type] # a gateway of our own
    return Connected(real, lambda socket: gateway.received[socket], gateway.closed.add, ended)


def subscribers(connected: Connected, topic: str) -> set[str]:
    found: dict[str, set[str]] = connected.connections.subscribers([topic, "other"])
    assert found.get("other", set()) == set()
    return found.get(topic, set())


def test_a_connection_has_the_role_of_its_token_until_it_is_removed(connected: Connected) -> None:
    connected.connections.add("s1", "operator")
    assert (connected.connections.role("s1"), connected.connections.role("s2")) == ("operator", "")
    connected.connections.remove("s1")
    connected.connections.remove("s1")
    assert connected.connections.role("s1") == ""


def test_a_topic_has_the_connections_that_subscribed_and_are_open(connected: Connected) -> None:
    for socket in ("s1", "s2", "s3"):
        connected.connections.add(socket, "viewer")
        connected.connections.subscribe(socket, "j1")
    connected.connections.subscribe("s1", "j1")
    connected.connections.unsubscribe("s2", "j1")
    connected.connections.remove("s3")
    assert subscribers(connected, "j1") == {"s1"}
    connected.connections.unsubscribe("s1", "j1")
    connected.connections.unsubscribe("s1", "j1")
    assert subscribers(connected, "j1") == set()


def test_a_job_ends_with_its_connection_and_no_job_is_bound_to_a_closed_one(connected: Connected) -> None:
    connected.connections.add("s1", "operator")
    assert connected.connections.bind_job("s1", "j1")
    assert connected.ended_jobs == []
    connected.connections.remove("s1")
    assert connected.ended_jobs == ["j1"]
    assert not connected.connections.bind_job("s1", "j2")
    connected.connections.remove("s1")
    assert connected.ended_jobs == ["j1"]


def test_messages_arrive_and_a_connection_that_is_found_closed_is_removed(connected: Connected) -> None:
    for socket in ("s1", "s2"):
        connected.connections.add(socket, "operator")
        connected.connections.subscribe(socket, "j1")
        connected.connections.bind_job(socket, f"j-{socket}")
    connected.close("s2")
    connected.connections.send({"s1": [b"1", b"2"], "s2": [b"1", b"2"]})
    assert sorted(connected.received("s1")) == [1, 2]
    assert connected.received("s2") == []
    assert (subscribers(connected, "j1"), connected.connections.role("s2")) == ({"s1"}, "")
    assert connected.ended_jobs == ["j-s2"]


def test_the_last_run_of_the_ticker_that_claimed_it_holds_it(connected: Connected) -> None:
    assert not connected.connections.holds_ticker("r1")
    connected.connections.claim_ticker("r1")
    connected.connections.claim_ticker("r2")
    assert [connected.connections.holds_ticker(run) for run in ("r1", "r2")] == [False, True]


class Buckets(NamedTuple):
    """A bucket, through each of its adapters."""

    uploads: Any
    pictures: Any
    results: Any
    etag: Callable[[str], str]


@pytest.fixture(params=BOTH)
def buckets(request: pytest.FixtureRequest) -> Buckets:
    if request.param == "fake":
        fake = FakeBucket()
        return Buckets(fake, fake, fake, fake.etag)
    s3, name = request.getfixturevalue("deployed").client("s3"), f"bucket-{new_job_id()}"
    s3.create_bucket(Bucket=name)

    def etag(key: str) -> str:
        return str(s3.head_object(Bucket=name, Key=key)["ETag"]).strip('"')

    return Buckets(S3Uploads(s3, name), S3Pictures(s3, name, 1000), S3Results(s3, name), etag)


def test_an_object_is_read_in_the_version_that_was_named_or_in_any(buckets: Buckets) -> None:
    buckets.uploads.write("k", b"one")
    first = buckets.etag("k")
    assert buckets.uploads.read("k", first) == buckets.uploads.read("k", "") == b"one"
    assert buckets.pictures.fetch("k", first) == buckets.pictures.fetch("k", None) == b"one"
    buckets.uploads.write("k", b"two")
    assert buckets.uploads.read("k") == b"one", "an object is written once"
    buckets.results.put("k", b"two", "image/png")
    assert buckets.uploads.read("k", buckets.etag("k")) == b"two"
    for read in (buckets.uploads.read, buckets.pictures.fetch):
        with pytest.raises(Rejected, match=r"^superseded: "):
            read("k", first)


@pytest.mark.parametrize("etag", ["", "0" * 32])
def test_an_object_that_does_not_exist_is_refused(buckets: Buckets, etag: str) -> None:
    with pytest.raises(Rejected, match=r"^superseded: "):
        buckets.uploads.read("k", etag)
    with pytest.raises(Rejected, match=r"^no_such_picture: "):
        buckets.pictures.fetch("k", etag or None)


def test_a_result_is_stored_over_the_one_of_an_earlier_try(buckets: Buckets) -> None:
    buckets.results.put("j1/v.png", b"one", "image/png")
    buckets.results.put("j1/v.png", b"two", "image/png")
    assert buckets.results.read("j1/v.png") == b"two"
    assert "j1/v.png" in buckets.results.link("j1/v.png")


def test_a_ticket_is_for_one_key_and_type(buckets: Buckets) -> None:
    ticket = buckets.uploads.ticket("uploads/k", "image/png", 1000, 60)
    assert (ticket["fields"]["key"], ticket["fields"]["Content-Type"]) == ("uploads/k", "image/png")
    assert ticket["url"].startswith("http")


def received(sqs: Any, url: str, count: int) -> list[str]:
    """Receive so many messages of a queue; the engine delivers them at once."""
    bodies: list[str] = []
    while len(bodies) < count:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=10).get("Messages", [])
        assert found, f"{len(bodies)} of {count} messages arrived"
        bodies += [message["Body"] for message in found]
    return bodies


@pytest.fixture(params=BOTH)
def intake(request: pytest.FixtureRequest) -> tuple[Any, Callable[[int], list[str]]]:
    """The intake queue, and the messages that it holds."""
    if request.param == "fake":
        fake = FakeIntake()
        return fake, lambda _: fake.bodies
    sqs = request.getfixturevalue("deployed").client("sqs")
    url = sqs.create_queue(QueueName=f"intake-{new_job_id()}")["QueueUrl"]
    return SqsIntake(sqs, url), lambda count: received(sqs, url, count)


def test_the_intake_takes_commands_and_messages_that_come_again(intake: tuple[Any, Callable[[int], list[str]]]) -> None:
    queue, bodies = intake
    queue.retry(RetryTasks("j1", [3], waiting=True))
    queue.again('{"Records": []}')
    retry, again = sorted(bodies(2), key=lambda body: "Records" in body)
    assert msgspec.json.decode(retry, type=RetryTasks) == RetryTasks("j1", [3], waiting=True)
    assert again == '{"Records": []}'


@pytest.fixture(params=BOTH)
def topic(request: pytest.FixtureRequest) -> tuple[Any, Callable[[int], list[str]]]:
    """The topic of tasks, and the messages that a lane behind it holds."""
    if request.param == "fake":
        fake = FakeTasks()
        return fake, lambda _: [message.decode() for message in fake.messages]
    deployed = request.getfixturevalue("deployed")
    sns, sqs, name = deployed.client("sns"), deployed.client("sqs"), f"tasks-{new_job_id()}"
    arn, url = sns.create_topic(Name=name)["TopicArn"], sqs.create_queue(QueueName=name)["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
    return SnsTasks(sns, arn, arn, ()), lambda count: received(sqs, url, count)


def test_every_published_task_arrives_as_it_was(topic: tuple[Any, Callable[[int], list[str]]]) -> None:
    tasks, messages = topic
    commands = [
        RunTask(job_id="j1", index=index, op="say", variant=f"v{index}", input="ü\0\uffff", params={"n": 1}, group="g")
        for index in range(12)
    ]
    assert tasks.publish(iter(commands)) == 12
    arrived = [msgspec.json.decode(message, type=RunTask) for message in messages(12)]
    assert sorted(arrived, key=lambda command: command.index) == commands
    assert tasks.publish([]) == 0

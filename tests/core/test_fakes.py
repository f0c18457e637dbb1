"""The fakes behave as the adapters that they stand for: the same tests run on both."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests.fakes import FakeBucket, FakeConnections, FakeIntake
from umbel_core.aws.connections import SocketConnections
from umbel_core.aws.intake import SqsIntake
from umbel_core.aws.pictures import S3Pictures, S3Results
from umbel_core.aws.uploads import S3Uploads
from umbel_core.errors import Rejected
from umbel_core.messages import RetryTasks

BOTH = ["fake", pytest.param("engine", marks=pytest.mark.engine)]


class Bucket:
    """The adapters of one bucket on the engine, with the fake's interface."""

    def __init__(self, s3: Any, name: str) -> None:
        s3.create_bucket(Bucket=name)
        self._s3, self._name = s3, name
        self.write = S3Uploads(s3, name).write
        self.read = S3Uploads(s3, name).read
        self.fetch = S3Pictures(s3, name, 1_000_000).fetch
        self.put = S3Results(s3, name).put

    def etag(self, key: str) -> str:
        etag: str = self._s3.head_object(Bucket=self._name, Key=key)["ETag"]
        return etag.strip('"')


@pytest.fixture(scope="module", params=BOTH)
def bucket(request: pytest.FixtureRequest) -> Any:
    if request.param == "fake":
        return FakeBucket()
    return Bucket(request.getfixturevalue("deployed").client("s3"), "made-up-bucket")


@pytest.fixture(scope="module", params=BOTH)
def connections(request: pytest.FixtureRequest) -> tuple[Any, list[str]]:
    """The connections, and the ids of the jobs that they ended."""
    ended: list[str] = []
    if request.param == "fake":
        return FakeConnections(ended.append), ended
    dynamodb = request.getfixturevalue("deployed").client("dynamodb")
    dynamodb.create_table(
        TableName="made-up-sockets",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    nowhere: Any = None
    return SocketConnections(dynamodb, "made-up-sockets", nowhere, ended.append), ended


@pytest.fixture(scope="module", params=BOTH)
def intake(request: pytest.FixtureRequest) -> tuple[Any, Callable[[], list[str]]]:
    """The intake queue, and what reads its messages."""
    if request.param == "fake":
        fake = FakeIntake()
        return fake, lambda: [fake.bodies.pop(0)]
    sqs = request.getfixturevalue("deployed").client("sqs")
    url = sqs.create_queue(QueueName="made-up-intake")["QueueUrl"]

    def received() -> list[str]:
        messages = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [message["Body"] for message in messages]

    return SqsIntake(sqs, url), received


def test_an_object_is_read_in_the_version_that_was_written(bucket: Any) -> None:
    bucket.write("uploads/a", b"first")
    etag = bucket.etag("uploads/a")
    assert bucket.read("uploads/a", etag) == bucket.read("uploads/a", "") == b"first"
    assert bucket.fetch("uploads/a", etag) == bucket.fetch("uploads/a", None) == b"first"
    bucket.write("uploads/a", b"second")
    for read in (bucket.read, bucket.fetch):
        with pytest.raises(Rejected, match="superseded"):
            read("uploads/a", etag)


def test_a_missing_manifest_was_removed_and_a_missing_picture_never_was(bucket: Any) -> None:
    with pytest.raises(Rejected, match="superseded"):
        bucket.read("jobs/none.json", "")
    with pytest.raises(Rejected, match="no_such_picture"):
        bucket.fetch("uploads/none", None)


def test_a_result_is_stored(bucket: Any) -> None:
    bucket.put("j1/blur.png", b"made", "image/png")
    assert bucket.read("j1/blur.png", "") == b"made"


def test_subscribers_are_found_by_topic_until_they_unsubscribe(connections: tuple[Any, list[str]]) -> None:
    sockets, _ = connections
    for socket in ("s1", "s2"):
        sockets.add(socket, "viewer")
        sockets.subscribe(socket, "topic-1")
    sockets.subscribe("s1", "*")
    assert sockets.subscribers(["topic-1", "*", "none"]) == {"topic-1": {"s1", "s2"}, "*": {"s1"}}
    sockets.unsubscribe("s1", "topic-1")
    assert sockets.subscribers(["topic-1"]) == {"topic-1": {"s2"}}


def test_a_removed_connection_has_no_role_no_topic_and_no_job(connections: tuple[Any, list[str]]) -> None:
    sockets, ended = connections
    sockets.add("s3", "operator")
    sockets.subscribe("s3", "topic-3")
    assert sockets.bind_job("s3", "bound")
    assert sockets.role("s3") == "operator"
    sockets.remove("s3")
    assert ended == ["bound"]
    assert sockets.role("s3") == ""
    assert not sockets.subscribers(["topic-3"]).get("topic-3")


def test_a_job_is_not_bound_to_a_closed_connection(connections: tuple[Any, list[str]]) -> None:
    sockets, ended = connections
    assert not sockets.bind_job("never-there", "unbound")
    sockets.remove("never-there")
    assert "unbound" not in ended


def test_the_ticker_belongs_to_its_last_claimant(connections: tuple[Any, list[str]]) -> None:
    sockets, _ = connections
    assert not sockets.holds_ticker("r1")
    sockets.claim_ticker("r1")
    sockets.claim_ticker("r2")
    assert (sockets.holds_ticker("r1"), sockets.holds_ticker("r2")) == (False, True)


def test_a_retry_and_a_repeated_message_arrive_in_the_intake_queue(
    intake: tuple[Any, Callable[[], list[str]]],
) -> None:
    queue, received = intake
    command = RetryTasks("j1", [2])
    queue.retry(command)
    assert [msgspec.json.decode(body, type=RetryTasks) for body in received()] == [command]
    queue.again('{"Records":[]}')
    assert received() == ['{"Records":[]}']

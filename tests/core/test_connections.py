"""The jobs of a closed connection end; sending to many connections stops when the time is up."""

import time
from collections import Counter
from threading import Lock
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from umbel_core.aws.connections import SocketConnections

UNUSED: Any = None
"""A client that the test does not call."""


def test_a_job_bound_while_its_connection_is_removed_ends_too() -> None:
    dynamodb = boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    ended: list[str] = []
    with Stubber(dynamodb) as stub:
        stub.add_response("get_item", {"Item": {"pk": {"S": "SOCKET#s1"}, "jobs": {"SS": ["early"]}}})
        stub.add_response("delete_item", {"Attributes": {"pk": {"S": "SOCKET#s1"}, "jobs": {"SS": ["early", "late"]}}})
        SocketConnections(dynamodb, "table", UNUSED, ended.append).remove("s1")
    assert ended == ["early", "late"]


class SlowGateway:
    """Each message takes one second of this clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.sent: list[tuple[str, bytes]] = []
        self._lock = Lock()

    def post_to_connection(self, ConnectionId: str, Data: bytes) -> None:  # noqa: N803 - the SDK's words
        with self._lock:
            self.now += 1
            self.sent.append((ConnectionId, Data))


def test_when_time_is_up_all_connections_have_received_about_as_much(monkeypatch: pytest.MonkeyPatch) -> None:
    gateway: Any = SlowGateway()
    monkeypatch.setattr(time, "monotonic", lambda: gateway.now)
    messages = {f"s{number}": [b"%d" % place for place in range(90)] for number in range(40)}
    SocketConnections(UNUSED, "table", gateway, lambda _: None).send(messages, 100)
    assert 100 <= len(gateway.sent) < 110, "up to four may have been in progress"
    heard = Counter(socket for socket, _ in gateway.sent)
    assert set(heard) == set(messages)
    assert max(heard.values()) - min(heard.values()) <= 2
    assert {message for _, message in gateway.sent[:40]} <= {b"0", b"1"}


def test_with_enough_time_every_connection_receives_everything() -> None:
    gateway: Any = SlowGateway()
    SocketConnections(UNUSED, "table", gateway, lambda _: None).send({"a": [b"1", b"2", b"3"], "b": [b"1"]})
    assert sorted(gateway.sent) == [("a", b"1"), ("a", b"2"), ("a", b"3"), ("b", b"1")]

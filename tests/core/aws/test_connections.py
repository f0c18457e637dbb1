"""Connections: their subscriptions, the jobs that end with them, and messages that stop when the time is up."""

from collections import Counter
from threading import Lock
from typing import Any, cast

import pytest

from tests.core.aws.stubs import Stub, stubbed
from umbel_core.aws.connections import SocketConnections
from umbel_core.aws.keys import connection_key, ticker_key, topic_key
from umbel_core.clock import epoch


class Ended:
    """Remembers the jobs that were ended."""

    def __init__(self) -> None:
        self.job_ids: list[str] = []

    def __call__(self, job_id: str) -> None:
        self.job_ids.append(job_id)


def connections(table: Stub, gateway: Any = None, ended: Ended | None = None) -> SocketConnections:
    return SocketConnections(table.client, "sockets", gateway, ended or Ended())


def test_a_connection_expires_an_hour_after_api_gateway_has_closed_it() -> None:
    with stubbed("dynamodb") as table:
        table.answer("put_item")
        connections(table).add("s1", "viewer", "t1")
    written = table.only["Item"]
    assert written.items() >= {**connection_key("s1"), "role": {"S": "viewer"}, "token": {"S": "t1"}}.items()
    assert abs(int(written["expire_at"]["N"]) - epoch() - 3 * 3600) < 60


def test_a_subscription_is_in_both_records_the_connections_first() -> None:
    """The connection's record must know every topic, so that none keeps a closed connection."""
    with stubbed("dynamodb") as table:
        table.answer("update_item", "update_item")
        connections(table).subscribe("s1", "j1")
    (_, own), (_, topic) = table.calls
    assert (own["Key"], topic["Key"]) == (connection_key("s1"), topic_key("j1"))
    assert own["UpdateExpression"] == "ADD #topics :member SET expire_at = :later"
    assert topic["UpdateExpression"] == "ADD #sockets :member SET expire_at = :later"
    assert own["ExpressionAttributeNames"] == {"#topics": "topics"}
    assert own["ExpressionAttributeValues"][":member"] == {"SS": ["j1"]}
    assert topic["ExpressionAttributeValues"][":member"] == {"SS": ["s1"]}


def test_a_connection_takes_a_topic_while_it_has_room_and_the_topics_record_knows_no_other() -> None:
    with stubbed("dynamodb") as table:
        table.refuse("update_item", "ConditionalCheckFailedException")
        assert not connections(table).subscribe("s1", "j1")
    assert table.only["ConditionExpression"] == (
        "attribute_not_exists(#topics) OR contains(#topics, :topic) OR size(#topics) < :most"
    )
    assert table.only["ExpressionAttributeValues"][":most"] == {"N": "1000"}


def test_the_connections_of_a_token_are_closed_also_when_one_is_gone() -> None:
    entries = [{**connection_key(name), "token": {"S": "t1"}} for name in ("s1", "s2")]
    with stubbed("dynamodb") as table, stubbed("apigatewaymanagementapi") as gateway:
        table.answer("scan", Items=entries)
        gateway.refuse("delete_connection", "GoneException")
        gateway.answer("delete_connection")
        assert connections(table, gateway.client).close_all("t1") == 2
    assert table.only["ExpressionAttributeValues"] == {":token": {"S": "t1"}}
    assert [params["ConnectionId"] for _, params in gateway.calls] == ["s1", "s2"]


def test_the_end_of_a_subscription_is_in_both_records_the_topics_first() -> None:
    with stubbed("dynamodb") as table:
        table.answer("update_item", "update_item")
        connections(table).unsubscribe("s1", "j1")
    assert [params["Key"] for _, params in table.calls] == [topic_key("j1"), connection_key("s1")]
    assert all(params["UpdateExpression"].startswith("DELETE ") for _, params in table.calls)


def test_subscribers_are_read_consistently_a_hundred_topics_to_a_read() -> None:
    with stubbed("dynamodb") as table:
        table.answer("batch_get_item", Responses={"sockets": [{**topic_key("j1"), "sockets": {"SS": ["s1", "s2"]}}]})
        table.answer("batch_get_item", Responses={"sockets": [topic_key("j101")]})
        found = connections(table).subscribers([f"j{number}" for number in range(120)])
    assert found == {"j1": {"s1", "s2"}, "j101": set()}
    assert all(params["RequestItems"]["sockets"]["ConsistentRead"] is True for _, params in table.calls)


def test_the_role_of_an_unknown_connection_is_empty() -> None:
    with stubbed("dynamodb") as table:
        table.answer("get_item", Item={**connection_key("s1"), "role": {"S": "operator"}})
        table.answer("get_item")
        assert connections(table).role("s1") == "operator"
        assert connections(table).role("s2") == ""


def test_a_job_is_bound_to_an_open_connection_only() -> None:
    with stubbed("dynamodb") as table:
        table.answer("update_item")
        assert connections(table).bind_job("s1", "j1")
        table.refuse("update_item", "ConditionalCheckFailedException")
        assert not connections(table).bind_job("s1", "j1")
    assert {params["ConditionExpression"] for _, params in table.calls} == {"attribute_exists(pk)"}


def test_a_removed_connection_ends_its_jobs_and_leaves_its_topics() -> None:
    ended = Ended()
    stored = {**connection_key("s1"), "jobs": {"SS": ["early"]}, "topics": {"SS": ["j1"]}}
    with stubbed("dynamodb") as table:
        table.answer("get_item", Item=stored)
        table.answer("update_item")
        table.answer("delete_item", Attributes=stored)
        connections(table, ended=ended).remove("s1")
    assert ended.job_ids == ["early"]
    assert table.operations == ["GetItem", "UpdateItem", "DeleteItem"], "the record that lists them goes last"
    assert table.calls[1][1]["Key"] == topic_key("j1")


def test_a_job_bound_while_its_connection_is_removed_ends_too() -> None:
    ended = Ended()
    with stubbed("dynamodb") as table:
        table.answer("get_item", Item={**connection_key("s1"), "jobs": {"SS": ["early"]}})
        table.answer("delete_item", Attributes={**connection_key("s1"), "jobs": {"SS": ["early", "late"]}})
        connections(table, ended=ended).remove("s1")
    assert ended.job_ids == ["early", "late"]
    assert table.calls[1][1]["ReturnValues"] == "ALL_OLD"


def test_the_ticker_belongs_to_the_run_that_claimed_it_last() -> None:
    with stubbed("dynamodb") as table:
        table.answer("put_item")
        connections(table).claim_ticker("r2")
        table.answer("get_item", Item={**ticker_key(), "run": {"S": "r2"}})
        assert connections(table).holds_ticker("r2")
        table.answer("get_item", Item={**ticker_key(), "run": {"S": "r2"}})
        assert not connections(table).holds_ticker("r1")
        table.answer("get_item")
        assert not connections(table).holds_ticker("r1")
    assert table.calls[0][1]["Item"]["run"] == {"S": "r2"}
    assert all(params["ConsistentRead"] is True for _, params in table.calls[1:])


@pytest.mark.parametrize(
    ("code", "closed"), [("GoneException", True), ("410", True), ("LimitExceededException", False)]
)
def test_only_a_closed_connection_is_removed(code: str, closed: bool) -> None:
    with stubbed("dynamodb") as table, stubbed("apigatewaymanagementapi") as gateway:
        gateway.refuse("post_to_connection", code)
        if closed:
            table.answer("get_item", "delete_item")
        connections(table, gateway.client).send({"s1": [b"1"]})


class SlowGateway:
    """Each message takes one second of this clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.sent: list[tuple[str, bytes]] = []
        self._lock = Lock()

    def post_to_connection(self, ConnectionId: str, Data: bytes) -> None:  # noqa: N803 - boto3's names
        with self._lock:
            self.now += 1
            self.sent.append((ConnectionId, Data))


def sending(gateway: SlowGateway) -> SocketConnections:
    """Connections of whose table nothing is read."""
    return SocketConnections(cast("Any", None), "sockets", cast("Any", gateway), Ended())


def test_when_time_is_up_all_connections_have_received_about_as_much(monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = SlowGateway()
    monkeypatch.setattr("umbel_core.aws.connections.time.monotonic", lambda: gateway.now)
    messages = {f"s{number}": [b'"%d%s"' % (place, b"." * 20_000) for place in range(9)] for number in range(40)}
    sending(gateway).send(messages, 100)
    assert 100 <= len(gateway.sent) < 100 + 32 + 1, "up to 32 may have been in progress"
    received = Counter(socket for socket, _ in gateway.sent)
    assert set(received) == set(messages)
    assert max(received.values()) - min(received.values()) <= 2
    assert {message[2:3] for _, message in gateway.sent[:40]} <= {b"0", b"1"}


def test_a_time_limit_cuts_off_other_connections_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = SlowGateway()
    monkeypatch.setattr("umbel_core.aws.connections.time.monotonic", lambda: gateway.now)
    messages = {f"s{number}": [b"1"] for number in range(200)}
    for _ in range(30):
        sending(gateway).send(messages, 50)
    assert {socket for socket, _ in gateway.sent} == set(messages)


@pytest.mark.parametrize(
    "own", [[9_000] * 7, [40_000, 10, 10], [10, 40_000, 10], [31_998], [15_999, 15_998], [15_999, 15_999], [1]]
)
def test_messages_travel_in_lists_that_fit_into_one_frame_in_their_order(own: list[int]) -> None:
    gateway = SlowGateway()
    messages = [str(place).encode() * length for place, length in enumerate(own)]
    sending(gateway).send({"s1": messages})
    lists = sorted((data[1:-1].split(b",") for _, data in gateway.sent), key=lambda each: messages.index(each[0]))
    assert [message for each in lists for message in each] == messages
    assert all(len(data) <= 32_000 or b"," not in data for _, data in gateway.sent)


def test_with_enough_time_every_connection_receives_everything() -> None:
    gateway = SlowGateway()
    sending(gateway).send({"a": [b"1", b"2", b"3"], "b": [b"1"]})
    assert sorted(gateway.sent) == [("a", b"[1,2,3]"), ("b", b"[1]")]

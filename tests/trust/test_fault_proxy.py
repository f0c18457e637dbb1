"""The fault proxy injects what it says, at the rates that it says, and leaves alone what nobody signed."""

import http.client
import json
import random
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode

import pytest

from umbel.fault_proxy import CALM, CONTROL, FaultProxy, Rates
from umbel.fault_proxy.messages import change_messages

SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=test/20260131/us-east-1/{}/aws4_request, SignedHeaders=host"}


class Echo(BaseHTTPRequestHandler):
    """Answers with its request's body."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's word
        """Print nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST  # noqa: N815 - the parent's names


@pytest.fixture
def proxy() -> Iterator[FaultProxy]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as engine, FaultProxy(engine.server_port) as server:
        for each in (engine, server):
            threading.Thread(target=each.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        for each in (engine, server):
            each.shutdown()


def call(
    proxy: FaultProxy,
    service: str | None = "dynamodb",
    target: str = "DynamoDB_20120810.UpdateItem",
    method: str = "POST",
) -> bytes:
    """Send a call; return the body of its answer."""
    connection = http.client.HTTPConnection("127.0.0.1", proxy.server_port, timeout=5)
    headers = {name: value.format(service) for name, value in SIGNED.items()} if service else {}
    connection.request(method, "/", b"0123456789", {**headers, "X-Amz-Target": target})
    return connection.getresponse().read()


def test_a_calm_proxy_changes_nothing(proxy: FaultProxy) -> None:
    assert call(proxy) == b"0123456789"
    assert proxy.status().kinds == {}
    assert proxy.status().rates == CALM


def test_a_message_to_a_connection_is_counted_and_not_disturbed(proxy: FaultProxy) -> None:
    proxy.rates = Rates(reset=1.0)
    assert call(proxy, "execute-api", "") == b"0123456789"
    assert (proxy.status().kinds, proxy.status().operations) == ({}, {"execute-api:PostToConnection": 1})


@pytest.mark.parametrize("kind", ["reset", "reply_lost"])
def test_a_connection_is_reset(proxy: FaultProxy, kind: str) -> None:
    proxy.rates = Rates(**{kind: 1.0})
    with pytest.raises(ConnectionError):
        call(proxy)
    assert proxy.status().injected == {f"{kind} dynamodb:UpdateItem": 1}


def test_the_answer_of_a_call_that_reads_is_cut_in_half(proxy: FaultProxy) -> None:
    proxy.rates = Rates(cut=1.0)
    assert call(proxy, target="DynamoDB_20120810.GetItem") == b"01234"
    assert call(proxy, target="DynamoDB_20120810.UpdateItem") == b"0123456789"


def test_the_answer_of_a_call_that_reads_is_not_lost(proxy: FaultProxy) -> None:
    proxy.rates = Rates(reply_lost=1.0)
    assert call(proxy, target="DynamoDB_20120810.GetItem") == b"0123456789"


def test_a_throttled_call_is_answered_as_its_service_does(proxy: FaultProxy) -> None:
    proxy.rates = Rates(throttled=1.0)
    assert json.loads(call(proxy))["__type"] == "ProvisionedThroughputExceededException"
    assert b"<Code>Throttling</Code>" in call(proxy, "sns", target="")


def test_half_of_an_object_is_never_taken_for_a_whole_one(proxy: FaultProxy) -> None:
    proxy.rates = Rates(cut=1.0)
    with pytest.raises(http.client.IncompleteRead):
        call(proxy, "s3", target="", method="GET")


def test_requests_without_a_signature_pass(proxy: FaultProxy) -> None:
    proxy.rates = Rates(reset=1.0)
    assert call(proxy, None) == b"0123456789"


def test_the_rates_are_changed_and_the_counts_read_over_http(proxy: FaultProxy) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", proxy.server_port, timeout=5)
    connection.request("PUT", CONTROL, json.dumps({"cut": 1.0}))
    assert json.loads(connection.getresponse().read())["rates"]["cut"] == 1.0
    assert proxy.rates == Rates(cut=1.0)


def test_the_operations_are_counted_that_were_called(proxy: FaultProxy) -> None:
    for _ in range(2):
        call(proxy, "dynamodb")
    call(proxy, None)
    assert (proxy.status().calls, sum(proxy.status().operations.values())) == (3, 2)
    assert all(name.startswith("dynamodb:") for name in proxy.status().operations)


def published(*words: str, **fields: str) -> bytes:
    """Return the body of a PublishBatch."""
    pairs = [("Action", "PublishBatch")]
    for place, word in enumerate(words, 1):
        entry = f"PublishBatchRequestEntries.member.{place}"
        pairs += [(f"{entry}.Message", word), (f"{entry}.MessageAttributes.entry.1.Value.StringValue", "upper")]
        pairs += [(f"{entry}.{name}", value) for name, value in fields.items()]
    return urlencode(pairs).encode()


def messages(body: bytes) -> list[str]:
    return [value for name, value in parse_qsl(body.decode()) if name.endswith(".Message")]


def test_messages_are_shuffled_unless_their_topic_has_an_order() -> None:
    words = [f"word {index}" for index in range(10)]
    rates = Rates(shuffled=1.0)
    body, dropped, shuffled = change_messages(published(*words), rates, random.Random(1).random)
    assert (dropped, shuffled) == (0, True)
    assert messages(body) != words
    assert sorted(messages(body)) == words
    ordered = published(*words, MessageGroupId="one")
    assert change_messages(ordered, rates, random.Random(1).random) == (ordered, 0, False)


def test_a_dropped_message_matches_no_subscription() -> None:
    body, dropped, _ = change_messages(published("a", "b"), Rates(dropped=1.0), random.Random(1).random)
    assert dropped == 2
    assert "upper" not in dict(parse_qsl(body.decode())).values()

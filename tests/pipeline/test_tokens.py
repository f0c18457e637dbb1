"""Tests of tokens: why they are refused, how they end, how they are stored. tests/access tests who may call what."""

import pytest

from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed
from tests.pipeline.feed import SocketClient
from umbel import tokens

pytestmark = pytest.mark.engine


def test_revoking_a_token_closes_its_sockets_and_no_others(deployed: Deployed, api: ApiClient) -> None:
    secret, record = tokens.create(deployed.stack, "operator", "tests")
    sockets = [SocketClient(deployed.stack.socket, token) for token in (secret, secret, api.token)]
    tokens.revoke(deployed.stack, record.id)
    for socket in sockets[:2]:
        socket.wait_until_closed()
    sockets[2].send(action="ping")
    sockets[2].wait_for(lambda message: message["type"] == "pong", "the answer of a socket of another token")
    sockets[2].close()


def test_each_useless_token_has_its_sentence(deployed: Deployed) -> None:
    sentences = {
        token: ApiClient(deployed.stack.api, token).get("/jobs").body["error"]["message"]
        for token in (None, "umb_x", " ", deployed.token("operator", days=-1))
    }
    assert len(set(sentences.values())) == 4, sentences


def test_the_names_of_routes_are_no_actions(feed: SocketClient) -> None:
    for action in ("$connect", "$disconnect", "$default"):
        feed.send(action=action, job="*")
    feed.send(action="ping")
    feed.wait_for(lambda message: message["type"] == "pong", "the answer after three refused messages")
    errors = [message["error"]["code"] for message in feed.messages if message["type"] == "error"]
    assert errors == ["unknown_action"] * 3


def test_get_me_returns_the_tokens_role(api: ApiClient, viewer: ApiClient) -> None:
    assert [one.get("/me").body for one in (api, viewer)] == [{"role": "operator"}, {"role": "viewer"}]


def test_no_token_is_stored_in_plain_text(deployed: Deployed) -> None:
    secret = deployed.token("operator")
    rows = deployed.client("dynamodb").scan(TableName=deployed.stack.tokens_table)["Items"]
    assert secret not in str(rows)
    assert len(rows) > 1

"""Tests of tokens: a viewer may read, an operator may do everything, and no other token is accepted."""

import pytest
from websockets.exceptions import InvalidStatus

from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed
from tests.pipeline.feed import SocketClient
from tests.pipeline.shapes import is_error
from umbel import tokens

pytestmark = pytest.mark.engine

READ = ["/jobs", "/ops", "/images", "/jobs/j00000000000000000000"]
WRITE = [
    ("POST", "/jobs"),
    ("POST", "/uploads"),
    ("PUT", "/ops/slow"),
    ("POST", "/ops/slow/redrive"),
    ("DELETE", "/jobs/j00000000000000000000"),
    ("POST", "/jobs/j00000000000000000000/retry"),
]


@pytest.fixture(params=["none", "made up", "empty", "expired", "revoked"])
def useless(request: pytest.FixtureRequest, deployed: Deployed) -> str | None:
    """Return a token that is not accepted."""
    if request.param == "expired":
        return deployed.token("operator", days=-1)
    if request.param == "revoked":
        secret, record = tokens.create(deployed.stack, "operator", "tests")
        tokens.revoke(deployed.stack, record.id)
        return secret
    return {"none": None, "made up": "umb_" + "x" * 43, "empty": " "}[request.param]


@pytest.mark.parametrize(("method", "path"), [*(("GET", path) for path in READ), *WRITE])
def test_without_a_valid_token_every_call_is_a_401(
    method: str, path: str, deployed: Deployed, useless: str | None
) -> None:
    answer = ApiClient(deployed.stack.api, useless).call(method, path, {} if method != "GET" else None)
    assert answer.status == 401
    assert is_error(answer.body, "unauthorized")


def test_without_a_valid_token_no_socket_opens(deployed: Deployed, useless: str | None) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        SocketClient(deployed.stack.socket, useless and useless.strip())
    assert refusal.value.response.status_code in (401, 403)


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


@pytest.mark.parametrize("path", READ)
def test_a_viewer_can_read(viewer: ApiClient, path: str) -> None:
    assert viewer.get(path).status in (200, 404)


@pytest.mark.parametrize(("method", "path"), WRITE)
def test_a_viewer_cannot_change_anything(viewer: ApiClient, method: str, path: str) -> None:
    answer = viewer.call(method, path, {})
    assert answer.status == 403
    assert is_error(answer.body, "forbidden")


def test_get_me_returns_the_tokens_role(api: ApiClient, viewer: ApiClient) -> None:
    assert [one.get("/me").body for one in (api, viewer)] == [{"role": "operator"}, {"role": "viewer"}]


def test_a_viewer_can_subscribe(deployed: Deployed, viewer: ApiClient) -> None:
    subscriber = SocketClient(deployed.stack.socket, viewer.token)
    assert subscriber.snapshot["topic"] == "*"
    subscriber.close()


def test_no_token_is_stored_in_plain_text(deployed: Deployed) -> None:
    secret = deployed.token("operator")
    rows = deployed.client("dynamodb").scan(TableName=deployed.stack.tokens_table)["Items"]
    assert secret not in str(rows)
    assert len(rows) > 1

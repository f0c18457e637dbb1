"""Tests that every route and every action of a socket is open to those for whom it is documented, and to no others."""

import re
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any
from urllib.parse import quote

import pytest
from websockets.exceptions import InvalidStatus

from api.routing import Route
from infra.api import TOKEN_CACHE_SECONDS
from tests.access import matrix
from tests.access.matrix import ACTION_NAMES, CALLERS, NO_JOB, ROUTES, Caller, Row
from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed
from tests.pipeline.feed import SocketClient
from tests.pipeline.shapes import is_error
from tests.pipeline.waiting import wait_for
from umbel import tokens


def test_the_table_in_the_document_is_up_to_date() -> None:
    assert matrix.written() == matrix.table(matrix.documented()), "make generate"


def test_the_document_says_for_how_long_a_revoked_token_is_valid() -> None:
    assert f"within {TOKEN_CACHE_SECONDS} seconds" in " ".join(matrix.DOCUMENT.read_text(encoding="utf-8").split())


@pytest.fixture(scope="module")
def authorizations(deployed: Deployed) -> dict[Caller, str | None]:
    """Return the Authorization header of each caller."""
    revoked, record = tokens.create(deployed.stack, "operator", "tests")
    tokens.revoke(deployed.stack, record.id)
    bearers: dict[Caller, str] = {
        "expired": deployed.token("operator", days=-1),
        "revoked": revoked,
        "viewer": deployed.token("viewer"),
        "operator": deployed.token("operator"),
        "viewer, other's job": deployed.token("viewer"),
        "operator, other's job": deployed.token("operator"),
    }
    headers: dict[Caller, str | None] = {"no token": None, "malformed": "Basic eDp5"}
    return headers | {caller: f"Bearer {token}" for caller, token in bearers.items()}


@pytest.fixture(scope="module")
def others(api: ApiClient, done: Callable[..., dict[str, Any]]) -> dict[str, str]:
    """Return the parameters of paths that lead to a job and a task of another token, which have ended."""
    job = api.run({"op": "qr", "input": "somebody's"})
    task = api.post("/tasks", {"type": "upper", "payload": "somebody's"}).body["id"]
    (variant,) = done(job)["variants"]
    wait_for(lambda: api.get(f"/tasks/{task}").body["status"] == "completed", "the task to complete")
    return {"job_id": job, "task_id": task, "variant": variant, "op": "upper"}


@pytest.mark.engine
def test_every_route_answers_as_the_table_says(
    deployed: Deployed, authorizations: dict[Caller, str | None], others: dict[str, str]
) -> None:
    """Somebody else's job is really asked for. Other calls have an unknown query parameter, so that whoever is let in
    is answered with 400 and nothing is changed.
    """
    client = ApiClient(deployed.stack.api, None)

    def answer(route: Route, caller: Caller) -> str:
        is_others = "other" in caller
        if is_others and not matrix.concerns_job(route):
            return NO_JOB
        header = authorizations[caller]
        path = re.sub(r"\{(\w+)\}", lambda found: others[found[1]], route.path) + ("" if is_others else "?access=1")
        headers = {"Authorization": header} if header else {}
        status, found, _ = client.call(route.method, path, None if route.method == "GET" else {}, **headers)
        assert status < 500, (route.method, path, status)
        if status in (401, 403):
            assert is_error(found, "unauthorized" if status == 401 else "forbidden")
            return str(status)
        assert is_others or status == 400, (route.method, path, status)
        return "yes"

    measured = [Row(matrix.name_of(route), tuple(answer(route, caller) for caller in CALLERS)) for route in ROUTES]
    assert measured == matrix.documented()[: len(ROUTES)]


@pytest.mark.engine
def test_every_action_answers_as_the_table_says(
    deployed: Deployed, authorizations: dict[Caller, str | None], others: dict[str, str]
) -> None:
    """Each action has an unknown field, and so is always answered with an error: only its code says who is let in."""

    def answers(caller: Caller) -> tuple[str, ...]:
        header = authorizations[caller]
        token = header and quote(header.removeprefix("Bearer "))
        try:
            client = SocketClient(deployed.stack.socket, token, others["job_id"] if "other" in caller else "*")
        except InvalidStatus as refusal:
            return (str(refusal.response.status_code),) * len(ACTION_NAMES)
        with closing(client):
            return tuple(answer(client, action, "other" in caller) for action in ACTION_NAMES)

    def answer(client: SocketClient, action: str, is_others: bool) -> str:
        if not is_others:
            return _error_of(client, action=action, access=1)
        return _outcome(client, action, others["job_id"]) if matrix.action_concerns_job(action) else NO_JOB

    columns = [answers(caller) for caller in CALLERS]
    rows = [
        Row(f"socket: `{action}`", row) for action, row in zip(ACTION_NAMES, zip(*columns, strict=True), strict=True)
    ]
    assert rows == matrix.documented()[len(ROUTES) :]


def _error_of(client: SocketClient, **message: Any) -> str:
    """Send a message that is always refused; return whether its sender was let in."""
    before = len(client.messages)
    client.send(**message)
    refusal = wait_for(
        lambda: next((found for found in client.messages[before:] if found["type"] == "error"), None),
        f"the answer to {message}",
    )
    return "403" if refusal["error"]["code"] == "forbidden" else "yes"


def _outcome(client: SocketClient, action: str, job: str) -> str:
    """Send an action for a job, and a ping; return whether there was an error before the pong."""
    before = len(client.messages)
    client.send(action=action, job=job)
    client.send(action="ping")
    wait_for(lambda: any(found["type"] == "pong" for found in client.messages[before:]), "the pong")
    codes = [found["error"]["code"] for found in client.messages[before:] if found["type"] == "error"]
    return "403" if "forbidden" in codes else str(codes) if codes else "yes"


@pytest.mark.engine
def test_a_revoked_token_is_dead_within_the_time_that_the_document_says(deployed: Deployed) -> None:
    secret, record = tokens.create(deployed.stack, "operator", "tests")
    client = ApiClient(deployed.stack.api, secret)
    assert client.get("/me").status == 200
    tokens.revoke(deployed.stack, record.id)
    revoked_at = time.monotonic()
    wait_for(lambda: client.get("/me").status == 401, "the revoked token to be refused")
    assert time.monotonic() - revoked_at < TOKEN_CACHE_SECONDS + 2, "the call itself takes some time, too"

"""A request that is sent again with its `Idempotency-Key` starts one job."""

from contextlib import suppress
from typing import Any

import pytest

from api import idempotency
from tests.core.aws.stubs import stubbed
from tests.fakes import CrashError, Crashes
from tests.functions.gateway import Gateway
from umbel_core.aws.idempotency import DynamoIdempotencyKeys, KeyedRequest
from umbel_core.clock import epoch

ROUTES: dict[str, tuple[Any, int]] = {
    "/jobs": ({"tasks": [{"op": "say", "input": "hi"}]}, 202),
    "/tasks": ({"type": "say", "payload": "hi"}, 202),
    "/uploads": ({"filename": "cat.jpg", "content_type": "image/jpeg", "size": 9}, 201),
}
KEY = {"Idempotency-Key": "a2f1"}


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Gateway:
    return Gateway(monkeypatch)


def job_id(body: dict[str, Any]) -> str:
    return str(body.get("job_id") or body["id"])


def jobs(gateway: Gateway) -> int:
    return len(gateway.stage.ledger.jobs(100, None)[0])


@pytest.mark.parametrize("route", ROUTES)
def test_the_same_request_with_the_same_key_is_the_same_job(gateway: Gateway, route: str) -> None:
    body, status = ROUTES[route]
    answers = [gateway.call("POST", route, body, headers=KEY) for _ in range(3)]
    assert [answer.status for answer in answers] == [status, 200, 200]
    assert len({job_id(answer.body) for answer in answers}) == jobs(gateway) == 1
    assert len(gateway.stage.uploads.versions) <= 1, "S3 sends an event for every write"


def test_without_a_key_every_request_is_a_job(gateway: Gateway) -> None:
    body, status = ROUTES["/jobs"]
    assert [gateway.call("POST", "/jobs", body).status for _ in range(2)] == [status, status]
    assert jobs(gateway) == 2


def test_a_key_with_another_request_is_refused(gateway: Gateway) -> None:
    gateway.call("POST", "/jobs", ROUTES["/jobs"][0], headers=KEY)
    others = [("/jobs", {"tasks": [{"op": "say", "input": "ho"}]}), ("/tasks", ROUTES["/tasks"][0])]
    for route, body in others:
        answer = gateway.call("POST", route, body, headers=KEY)
        assert (answer.status, answer.code) == (409, "idempotency_key_reused")
    assert jobs(gateway) == 1


def test_a_key_is_the_tokens_own(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    body = ROUTES["/jobs"][0]
    gateway.call("POST", "/jobs", body, headers=KEY)
    assert gateway.call("POST", "/jobs", body, headers=KEY, token="t2").status == 202
    assert jobs(gateway) == 2


def test_a_refused_request_leaves_its_key_free(gateway: Gateway) -> None:
    refused = gateway.call("POST", "/jobs", {"tasks": [{"op": "none", "input": 1}]}, headers=KEY)
    assert refused.code == "unknown_op"
    assert gateway.call("POST", "/jobs", ROUTES["/jobs"][0], headers=KEY).status == 202


def test_a_key_is_free_again_after_a_day(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "KEPT_SECONDS", 0)
    body = ROUTES["/jobs"][0]
    assert [gateway.call("POST", "/jobs", body, headers=KEY).status for _ in range(2)] == [202, 202]


@pytest.mark.parametrize("key", ["", " ", "a b", "ä", "x" * 256, "\x1b[2J"])
def test_a_key_is_visible_ascii(gateway: Gateway, key: str) -> None:
    answer = gateway.call("POST", "/jobs", ROUTES["/jobs"][0], headers={"Idempotency-Key": key})
    assert (answer.status, answer.code) == (400, "invalid_idempotency_key")
    assert jobs(gateway) == 0


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("moment", range(6))
def test_the_second_request_does_what_the_first_left_undone(
    monkeypatch: pytest.MonkeyPatch, route: str, moment: int
) -> None:
    crashes = Crashes()
    gateway = Gateway(monkeypatch, crashes)
    crashes.crash_at(moment)
    with suppress(CrashError):
        gateway.call("POST", route, ROUTES[route][0], headers=KEY)
    crashes.crash_at(None)
    answer = gateway.call("POST", route, ROUTES[route][0], headers=KEY)
    assert answer.status in (200, ROUTES[route][1])
    (job,) = gateway.stage.ledger.jobs(100, None)[0]
    assert job.id == job_id(answer.body)
    assert route == "/uploads" or list(gateway.stage.uploads.objects) == [job.source]


def test_an_answer_lost_between_the_sdk_and_dynamodb_is_not_an_earlier_request() -> None:
    keyed = KeyedRequest(request="r", job_id="j1", expire_at=epoch() + 60)
    with stubbed("dynamodb") as stub:
        stub.refuse("put_item", "ConditionalCheckFailedException")
        stub.answer("get_item", Item={"request": {"S": "r"}, "job_id": {"S": "j1"}, "expire_at": {"N": "9"}})
        assert DynamoIdempotencyKeys(stub.client, "t").first("k", keyed).job_id == "j1"
    assert "expire_at <= :now" in stub.calls[0][1]["ConditionExpression"]

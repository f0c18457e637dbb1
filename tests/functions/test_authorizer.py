"""Which role may call which route."""

from fnmatch import fnmatchcase
from typing import Any

import pytest

from authorizer.verdict import policy, token_in
from umbel_core.tokens import Role, TokenRecord, issue

API = "arn:aws:execute-api:us-east-1:000000000000:abc"


def record(role: Role, *, expired: bool = False) -> TokenRecord:
    return issue(role, "x", days=-1 if expired else None)[1]


def may(token: TokenRecord | None, call: str) -> bool:
    """Whether a call is passed on with a role, also when API Gateway kept the policy from an earlier `GET /jobs`."""
    verdicts = {
        _allows(policy(f"{API}/v1/{asked}", "umb_x", token), f"{API}/v1/{call}") for asked in (call, "GET/jobs")
    }
    assert len(verdicts) == 1, "a kept policy must say the same"
    return verdicts.pop()


def _allows(verdict: dict[str, Any], arn: str) -> bool:
    (statement,) = verdict["policyDocument"]["Statement"]
    covered = any(fnmatchcase(arn, resource) for resource in statement["Resource"])
    return bool(covered and statement["Effect"] == "Allow" and "role" in verdict["context"])


CALLS = ["GET/jobs", "GET/jobs/j1/tasks", "POST/jobs", "DELETE/jobs/j1", "PUT/ops/blur", "POST/ops/blur/redrive"]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("token", "writes", "reads"),
    [
        (None, False, False),
        (record("viewer", expired=True), False, False),
        (record("operator", expired=True), False, False),
        (record("viewer"), False, True),
        (record("operator"), True, True),
    ],
    ids=["none", "expired viewer", "expired operator", "viewer", "operator"],
)
def test_a_viewer_reads_an_operator_does_everything(
    token: TokenRecord | None, writes: bool, reads: bool, call: str
) -> None:
    assert may(token, call) is (reads if call.startswith("GET/") else writes)


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_whoever_has_a_token_may_listen(role: Role) -> None:
    arn = f"{API}/live/$connect"
    assert _allows(policy(arn, "umb_x", record(role)), arn)
    assert policy(arn, "umb_x", record(role))["context"]["role"] == role


@pytest.mark.parametrize("token", [None, record("operator", expired=True)])
def test_a_socket_of_a_useless_token_is_denied(token: TokenRecord | None) -> None:
    (statement,) = policy(f"{API}/live/$connect", "umb_x", token)["policyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"


@pytest.mark.parametrize(
    ("secret", "token", "refusal"),
    [
        (None, None, "malformed"),
        ("umb_x", None, "unknown"),
        ("umb_x", record("viewer", expired=True), "expired"),
    ],
)
def test_a_refused_request_reaches_the_api_without_a_role_and_with_the_reason(
    secret: str | None, token: TokenRecord | None, refusal: str
) -> None:
    assert policy(f"{API}/v1/GET/jobs", secret, token)["context"] == {"refusal": refusal}


@pytest.mark.parametrize(
    ("event", "token"),
    [
        ({"httpMethod": "GET", "headers": {"Authorization": "Bearer abc"}}, "abc"),
        ({"httpMethod": "GET", "headers": {"authorization": "bearer  abc "}}, "abc"),
        ({"httpMethod": "GET", "headers": {"Authorization": "Basic abc"}}, None),
        ({"httpMethod": "GET", "headers": {"Authorization": "Bearer "}}, None),
        ({"httpMethod": "GET", "headers": {"Authorization": "abc"}}, None),
        # API Gateway keeps an answer by the header alone: a token elsewhere would accept every such header.
        (
            {"httpMethod": "GET", "headers": {"Authorization": "Bearer"}, "queryStringParameters": {"token": "abc"}},
            None,
        ),
        ({"headers": None, "queryStringParameters": {"token": "abc"}}, "abc"),
        ({"headers": {}, "queryStringParameters": None}, None),
        ({}, None),
    ],
)
def test_a_token_is_found_where_it_may_stand(event: dict[str, Any], token: str | None) -> None:
    assert token_in(event) == token

"""The handlers of the authorizer, the WebSocket API and the relay, called with the events that Lambda sends."""

import json
from io import StringIO
from typing import Any

import msgspec
import pytest

import authorizer.handler
import relay.handler
import sockets.handler
from relay.changes import read_changes
from sockets.actions import Actions
from tests.functions.stage import CATALOGUE, Stage
from umbel_core.aws.dynamo import item
from umbel_core.aws.keys import job_key
from umbel_core.clock import epoch
from umbel_core.contract.limits import KEPT_VARIANTS
from umbel_core.intake_messages import read_message
from umbel_core.ledger import Event, JobRecord
from umbel_core.settings import Limits
from umbel_core.submit import Submitter
from umbel_core.tokens import Role, TokenRecord, issue, token_hash

HTTP_ARN = "arn:aws:execute-api:us-east-1:000000000000:abc/v1/{}/jobs"
SOCKET_ARN = "arn:aws:execute-api:us-east-1:000000000000:abc/live/$connect"
MOMENT = "2026-01-31T12:00:00.123Z"


class Tokens:
    """The tokens of a deployment, found by hash."""

    def __init__(self, **records: TokenRecord) -> None:
        self._records = {token_hash(secret): record for secret, record in records.items()}

    def read(self, secret: str) -> TokenRecord | None:
        return self._records.get(token_hash(secret))


@pytest.fixture(autouse=True)
def _tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    def made(role: Role) -> TokenRecord:
        return issue(role, "label")[1]

    expired = msgspec.structs.replace(made("operator"), expires_at=epoch() - 1)
    tokens = Tokens(operator=made("operator"), viewer=made("viewer"), expired=expired)
    monkeypatch.setattr(authorizer.handler, "tokens", lambda: tokens)


def http_request(authorization: str | None, method: str = "GET") -> dict[str, Any]:
    """Return the event of a REQUEST authorizer of a REST API."""
    headers = {"Host": "api.example"} | ({"Authorization": authorization} if authorization is not None else {})
    return {
        "type": "REQUEST",
        "methodArn": HTTP_ARN.format(method),
        "resource": "/jobs",
        "path": "/jobs",
        "httpMethod": method,
        "headers": headers,
        "queryStringParameters": {},
        "pathParameters": {},
        "stageVariables": {},
        "requestContext": {"resourcePath": "/jobs", "httpMethod": method, "stage": "v1"},
    }


def connect_request(query: dict[str, str] | None) -> dict[str, Any]:
    """Return the event of a REQUEST authorizer of a WebSocket API."""
    return {
        "type": "REQUEST",
        "methodArn": SOCKET_ARN,
        "headers": {"Host": "live.example", "Upgrade": "websocket"},
        "queryStringParameters": query,
        "requestContext": {"routeKey": "$connect", "eventType": "CONNECT", "connectionId": "s1"},
    }


@pytest.mark.parametrize(
    ("header", "refusal"),
    [
        *((header, "malformed") for header in (None, "", "Bearer", "Bearer ", "Basic operator", "operator")),
        ("Bearer wrong", "unknown"),
        ("Bearer expired", "expired"),
    ],
)
def test_without_a_valid_token_http_has_no_role_and_nothing_is_raised(header: str | None, refusal: str) -> None:
    """The API's function answers 401: what an authorizer raises is logged as a traceback, and is one for all."""
    answer = authorizer.handler.handle(http_request(header), None)
    assert answer["context"] == {"refusal": refusal}


@pytest.mark.parametrize(("token", "resource"), [("viewer", "/v1/GET/*"), ("operator", "/v1/*")])
def test_with_a_token_the_policy_decides(token: str, resource: str) -> None:
    answer = authorizer.handler.handle(http_request(f"Bearer {token}", "POST"), None)
    (statement,) = answer["policyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", "execute-api:Invoke")
    assert statement["Resource"][0].endswith(resource)
    assert answer["context"]["role"] == token


@pytest.mark.parametrize("query", [None, {}, {"token": ""}, {"token": "wrong"}])
def test_a_connection_without_a_valid_token_is_denied(query: dict[str, str] | None) -> None:
    answer = authorizer.handler.handle(connect_request(query), None)
    assert answer["policyDocument"]["Statement"] == [
        {"Action": "execute-api:Invoke", "Effect": "Deny", "Resource": [SOCKET_ARN]}
    ]


def test_a_connection_with_a_token_gets_its_role() -> None:
    answer = authorizer.handler.handle(connect_request({"token": "viewer"}), None)
    assert (answer["policyDocument"]["Statement"][0]["Effect"], answer["context"]["role"]) == ("Allow", "viewer")


def socket_event(route: str, body: str | None = None, **context: Any) -> dict[str, Any]:
    """Return the event of a WebSocket API's Lambda proxy integration."""
    kind = {"$connect": "CONNECT", "$disconnect": "DISCONNECT"}.get(route, "MESSAGE")
    request = {"routeKey": route, "eventType": kind, "connectionId": "s1", "stage": "live", "apiId": "abc", **context}
    return {"requestContext": request, "isBase64Encoded": False} | ({"body": body} if body is not None else {})


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    stage = Stage()
    submitter = Submitter(stage.ledger, stage.uploads, CATALOGUE, Limits())
    actions = Actions(
        stage.ledger, stage.connections, submitter, stage.results.link, lambda: stage.started.append("ticker")
    )
    monkeypatch.setattr(sockets.handler, "connections", lambda: stage.connections)
    monkeypatch.setattr(sockets.handler, "actions", lambda: actions)
    monkeypatch.setattr(relay.handler, "relay", lambda: stage.relay)
    return stage


@pytest.mark.parametrize("authorizer", [{}, {"authorizer": None}, {"authorizer": {"principalId": "x"}}])
def test_a_connection_whose_token_nobody_checked_is_refused(stage: Stage, authorizer: dict[str, Any]) -> None:
    """Some local engines do not call the authorizer of a WebSocket API."""
    answer = sockets.handler.handle(socket_event("$connect", **authorizer), None)
    assert answer == {"statusCode": 401}
    assert stage.connections.role("s1") == ""


def test_a_connection_is_kept_from_connect_to_disconnect(stage: Stage) -> None:
    assert sockets.handler.handle(socket_event("$connect", authorizer={"role": "operator"}), None) == {
        "statusCode": 200
    }
    assert stage.connections.role("s1") == "operator"
    sockets.handler.handle(socket_event("$default", '{"action":"subscribe","job":"*"}'), None)
    assert stage.connections.subscribers(["*"]) == {"*": {"s1"}}
    assert [message["type"] for message in stage.connections.received["s1"]] == ["snapshot"]
    sockets.handler.handle(socket_event("$disconnect"), None)
    assert (stage.connections.role("s1"), stage.connections.subscribers(["*"])) == ("", {})


@pytest.mark.parametrize("action", ["$connect", "$disconnect", "$default"])
def test_a_route_of_api_gateway_is_no_action(stage: Stage, action: str) -> None:
    """API Gateway takes the action of a message as the name of its route."""
    sockets.handler.handle(socket_event("$connect", authorizer={"role": "viewer", "token": "t1"}), None)
    message = socket_event(action, json.dumps({"action": action}))
    message["requestContext"] |= {"eventType": "MESSAGE", "authorizer": {"role": "operator"}}
    sockets.handler.handle(message, None)
    assert stage.connections.role("s1") == "viewer"
    assert [message["error"]["code"] for message in stage.connections.received["s1"]] == ["unknown_action"]


def test_the_log_of_connections_has_json_lines_and_nothing_that_clients_wrote(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The local engine keeps no log of this function, so that the tests on a deployment cannot read it."""
    written = StringIO()
    monkeypatch.setattr(sockets.handler.logger.registered_handler, "stream", written)
    connect = socket_event("$connect", authorizer={"role": "operator", "token": "t1"})
    events = [
        connect | {"queryStringParameters": {"token": "canary"}, "headers": {"Cookie": "canary"}},
        socket_event("$default", "canary {"),
        socket_event("$default", '{"action": "canary"}'),
        socket_event("$default", '{"action": "subscribe", "job": "canary"}'),
        socket_event("$default", '{"action": "crawl", "urls": ["http://user:canary@a.example/?key=canary"]}'),
    ]
    for event in events:
        sockets.handler.handle(event, None)
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [line["action"] for line in lines] == ["$connect", "", "", "subscribe", "crawl"]
    assert "canary" not in written.getvalue()


def test_an_empty_message_is_answered_with_an_error(stage: Stage) -> None:
    sockets.handler.handle(socket_event("$default"), None)
    assert [message["error"]["code"] for message in stage.connections.received["s1"]] == ["invalid_json"]


def test_the_relay_counts_and_pushes_the_records_of_a_stream_event(stage: Stage) -> None:
    manifest = b'{"tasks":[{"op":"say","input":"hi"}]}'
    (created,) = read_message(stage.drop("jobs/a.json", manifest))
    job_id, _ = stage.planner.take(created)
    stage.runner().run(stage.tasks.commands[0], 1)
    stage.connections.subscribe("s1", job_id)
    records = [
        {**record, "eventID": str(place), "eventSource": "aws:dynamodb", "awsRegion": "us-east-1"}
        for place, record in enumerate(stage.ledger.stream)
    ]
    relay.handler.handle(json.loads(json.dumps({"Records": records})), None)
    job = stage.ledger.job(job_id)
    assert job
    assert (job.status, job.completed) == ("completed", 1)
    pushed_job, pushed_task = stage.connections.received["s1"]
    assert (pushed_job["type"], pushed_job["job"]["id"], "variants" in pushed_job["job"]) == ("job", job_id, False)
    assert (pushed_task["type"], pushed_task["job_id"], pushed_task["task"]["id"]) == ("task", job_id, f"{job_id}.0")


def test_a_pushed_result_has_a_url(stage: Stage) -> None:
    (created,) = read_message(stage.drop("uploads/hero/cat.png", b"pixels"))
    job_id, _ = stage.planner.take(created)
    stage.connections.subscribe("s1", job_id)
    stage.runner().run(stage.tasks.commands[0], 1)
    stage.relay_all()
    result = stage.connections.received["s1"][-1]["task"]["result"]
    assert result["url"] == stage.results.link(result["key"])


def test_an_event_is_pushed_to_those_who_subscribed_to_all_jobs(stage: Stage) -> None:
    stage.connections.subscribe("all", "*")
    stage.ledger.record_event(Event(kind="paused", op="say", message="m"))
    assert stage.relay_all() == 1
    assert [message["event"]["kind"] for message in stage.connections.received["all"]] == ["paused"]


def test_a_batch_without_anything_to_push_reads_no_subscriptions(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage.connections, "subscribers", lambda _: pytest.fail("it read"))
    assert stage.relay_all() == 0


def test_records_that_expired_are_passed_over(stage: Stage) -> None:
    removed = {"eventName": "REMOVE", "dynamodb": {"Keys": job_key("j1"), "OldImage": {}, "SequenceNumber": "1"}}
    assert [job.id for job in read_changes([removed, job_change(1, None)]).jobs] == ["j1"]


def job_change(total: int, old: dict[str, Any] | None, **new: Any) -> dict[str, Any]:
    """Return a record of the stream: a job that changed."""
    fields = {"kind": "task", "name": "n", "created_at": MOMENT, "updated_at": MOMENT, "total": total}

    def image(**values: Any) -> dict[str, Any]:
        return {
            **job_key("j1"),
            **item(JobRecord(id="j1", **{**fields, "planned": True, "status": "running", **values})),
        }

    images = {"NewImage": image(**new)} | ({} if old is None else {"OldImage": image(**old)})
    change = {"Keys": job_key("j1"), "SequenceNumber": "1", "StreamViewType": "NEW_AND_OLD_IMAGES", **images}
    return {"eventName": "INSERT" if old is None else "MODIFY", "dynamodb": change}


@pytest.mark.parametrize(
    ("total", "old", "new", "pushed"),
    [
        (KEPT_VARIANTS, {}, {"completed": 1}, False),
        (KEPT_VARIANTS + 1, {}, {"completed": 1}, True),
        (KEPT_VARIANTS, {}, {"status": "completed"}, True),
        (KEPT_VARIANTS, {"planned": False, "status": "pending"}, {"status": "pending"}, True),
        (KEPT_VARIANTS, None, {}, True),
    ],
    ids=["few tasks", "many tasks", "its status moved", "it was planned", "it is new"],
)
def test_a_job_of_few_tasks_is_pushed_when_its_status_moves_and_one_of_many_at_each_change(
    total: int, old: dict[str, Any] | None, new: dict[str, Any], pushed: bool
) -> None:
    assert [job.id for job in read_changes([job_change(total, old, **new)]).jobs] == ["j1"] * pushed


def test_only_the_newest_record_of_a_job_in_a_batch_is_pushed() -> None:
    records = [job_change(1, {}, status="completed", version=2), job_change(1, {}, completed=1, version=3)]
    assert [job.version for job in read_changes(records).jobs] == [3]

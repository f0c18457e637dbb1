"""The HTTP API on fakes, called through its Chalice app with the events that API Gateway sends."""

from typing import Any, NamedTuple

import msgspec
import pytest

from api import app, health, idempotency, images, jobs, ops, results, routing, silent_jobs, stats, tasks, uploads
from api.environment import ApiEnvironment
from tests.fakes import NO_CRASHES, Crashes, FakeIdempotencyKeys, FakeIntake
from tests.functions.stage import CATALOGUE, RECIPES, Stage
from umbel_core.settings import Limits
from umbel_core.submit import Submitter

ORIGINS = ("https://page.example", "https://other.example")
LIMITS = Limits(max_tasks=3, max_upload_bytes=1024)
ENVIRONMENT = ApiEnvironment(
    uploads_bucket="u",
    results_bucket="r",
    ledger_table="l",
    intake_queue_url="q",
    lane_prefix="umbel-op-",
    reserve=True,
    fair=True,
    allowed_origins=",".join(ORIGINS),
    limits=LIMITS,
)
_MODULES = (health, idempotency, images, jobs, ops, results, routing, silent_jobs, stats, tasks, uploads)


class Answer(NamedTuple):
    """The answer that API Gateway gets."""

    status: int
    headers: dict[str, str]
    body: Any
    """The body, decoded when it is JSON."""

    @property
    def code(self) -> str:
        """The code of the error in the body."""
        return str(self.body["error"]["code"])


class Gateway:
    """Sends requests to the app."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, crashes: Crashes = NO_CRASHES) -> None:
        self.stage = Stage(crashes, LIMITS)
        self.intake = FakeIntake()
        self.idempotency_keys = FakeIdempotencyKeys(crashes)
        parts = {
            "environment": ENVIRONMENT,
            "ledger": self.stage.ledger,
            "uploads": self.stage.uploads,
            "results": self.stage.results,
            "intake": self.intake,
            "idempotency_keys": self.idempotency_keys,
            "catalogue": CATALOGUE,
            "recipes": RECIPES,
            "limits": LIMITS,
            "submitter": Submitter(self.stage.ledger, self.stage.uploads, CATALOGUE, LIMITS),
        }
        for module in _MODULES:
            for name, part in parts.items():
                if hasattr(module, name) and not hasattr(getattr(module, name), "__path__"):
                    monkeypatch.setattr(module, name, lambda part=part: part)

    def call(self, method: str, resource: str, body: Any = None, **options: Any) -> Answer:
        """Send a request; options are those of `proxy_event`."""
        answer = app.app(proxy_event(method, resource, body, **options), None)
        headers = {**answer["headers"], **{name: values[0] for name, values in answer["multiValueHeaders"].items()}}
        is_json = headers.get("Content-Type") == "application/json"
        return Answer(answer["statusCode"], headers, msgspec.json.decode(answer["body"]) if is_json else answer["body"])


def proxy_event(
    method: str,
    resource: str,
    body: Any = None,
    *,
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    role: str = "operator",
    token: str = "t1",
    **path: str,
) -> dict[str, Any]:
    """Return the event of a REST API's Lambda proxy integration. A body that is not text is sent as JSON."""
    sent = {"Host": "api.example", "Content-Type": "application/json", "X-Forwarded-Proto": "https", **(headers or {})}
    text = body if isinstance(body, str | None) else msgspec.json.encode(body).decode()
    return {
        "resource": resource,
        "path": resource.format(**path),
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} if query else None,
        "pathParameters": path or None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": resource,
            "httpMethod": method,
            "path": f"/v1{resource.format(**path)}",
            "stage": "v1",
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "identity": {"sourceIp": "192.0.2.1", "userAgent": "curl/8"},
            "authorizer": {"principalId": token, "role": role, "token": token},
        },
        "body": text,
        "isBase64Encoded": False,
    }

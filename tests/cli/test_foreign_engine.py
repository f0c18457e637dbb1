"""A local engine that this checkout did not start: how it is deployed to, and where its sockets are."""

from typing import Any

import pytest

from umbel import engine, foreign_engine
from umbel.errors import UmbelError

LOCALSTACK = "http://localstack.example:4566"
SERVICES = dict.fromkeys(foreign_engine._NEEDED, "available")


def answers(shell: pytest.MonkeyPatch, services: dict[str, str], *, ministack: bool = False) -> None:
    health: dict[str, Any] = {"services": services, "edition": "pro", "version": "2026.3"}
    shell.setattr(engine, "health", lambda *_: health)
    shell.setattr(engine, "is_ministack", lambda _: ministack)


def test_functions_of_a_localstack_are_built_for_lambdas_image_and_links_name_the_callers_endpoint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers(monkeypatch, SERVICES)
    assert foreign_engine.context(LOCALSTACK) == {"public_endpoint": LOCALSTACK, "python": "3.13"}


def test_another_ministack_runs_them_with_its_own_python(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, SERVICES, ministack=True)
    assert foreign_engine.context(LOCALSTACK) == {"public_endpoint": LOCALSTACK}


@pytest.mark.parametrize("state", [None, "disabled", "error"])
def test_an_engine_without_a_needed_service_is_refused_before_anything_is_deployed(
    monkeypatch: pytest.MonkeyPatch, state: str | None
) -> None:
    services = {name: value for name, value in SERVICES.items() if name not in {"apigatewayv2", "cloudfront"}}
    answers(monkeypatch, services | ({"apigatewayv2": state, "cloudfront": state} if state else {}))
    with pytest.raises(UmbelError, match="lacks apigatewayv2, cloudfront: a LocalStack has them with LOCALSTACK_AUTH"):
        foreign_engine.context(LOCALSTACK)


@pytest.mark.parametrize(
    ("endpoint", "reported", "url"),
    [
        # What a LocalStack says, whatever host it is reached by.
        ("http://localhost:4566", "ws://localhost:4510", "ws://localhost:4510"),
        ("http://10.1.2.3:4566", "ws://localhost:4511", "ws://10.1.2.3:4511"),
        # What a MiniStack says, and what its clients must use.
        ("http://127.0.0.1:4570", "ws://id.execute-api.localhost:4570", "ws://127.0.0.1:4570/_aws/execute-api/id/live"),
        ("https://stack.example", "", "wss://stack.example/_aws/execute-api/id/live"),
    ],
)
def test_the_sockets_port_is_the_one_that_the_engine_reports(endpoint: str, reported: str, url: str) -> None:
    assert foreign_engine.socket_url(endpoint, reported, "id", "live") == url


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        ("http://localhost:4566", "http://127.0.0.1:4566"),
        ("http://127.0.0.1:4566", "http://127.0.0.1:4566"),
        ("https://localhost:4566", "https://localhost:4566"),
        ("http://no-such-host.invalid:4566", "http://no-such-host.invalid:4566"),
    ],
)
def test_the_cdk_gets_an_address_with_which_buckets_are_in_the_path(endpoint: str, address: str) -> None:
    assert foreign_engine.s3_endpoint(endpoint) == address

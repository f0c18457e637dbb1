"""Where a deployment goes, and at which URLs browsers reach it."""

import json

import pytest

from infra.stack import _own_origins
from infra.target import read_target
from tests.infra.synthesis import synthesise


@pytest.mark.parametrize(
    ("public", "origins"),
    [
        (None, ["http://127.0.0.1:4570", "http://localhost:4570"]),
        ("http://devbox:4570", ["http://devbox:4570", "http://127.0.0.1:4570", "http://localhost:4570"]),
    ],
)
def test_the_pages_origins_are_those_under_which_browsers_reach_the_engine(
    monkeypatch: pytest.MonkeyPatch, public: str | None, origins: list[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4570")
    target = read_target({"target": "local", "public_endpoint": public}.get)
    assert target.endpoint == "http://127.0.0.1:4570"
    assert _own_origins(target, None) == origins  # type: ignore[arg-type]


def test_links_lead_to_s3_itself_unless_a_deployment_says_otherwise() -> None:
    for target in ("aws", "local"):
        assert "LINKS_ENDPOINT" not in json.dumps(synthesise(target))

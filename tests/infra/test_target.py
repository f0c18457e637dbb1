"""Where a deployment goes, and at which URLs browsers reach it."""

import json
import sys

import pytest

from infra.stack import _own_origins
from infra.target import read_target
from tests.infra.synthesis import of_type, synthesise
from umbel.errors import UmbelError


@pytest.mark.parametrize(
    ("public", "origins"),
    [
        (None, ["http://127.0.0.1:4570", "http://localhost:4570"]),
        ("http://127.0.0.1:4570", ["http://127.0.0.1:4570", "http://localhost:4570"]),
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


def test_functions_in_containers_get_the_wheels_of_lambdas_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    own = read_target({"target": "local"}.get)
    assert (own.python, own.platform, own.has_containers) == (here, None, False)
    for version in ("3.12", "3.13"):
        inside = read_target({"target": "local", "python": version}.get)
        assert (inside.python, inside.platform) == (version, "x86_64-manylinux_2_28")
        assert inside.has_containers


def test_a_runtime_whose_image_is_too_old_for_the_wheels_is_refused() -> None:
    with pytest.raises(UmbelError, match=r"-c python=3\.11: the wheels need glibc 2\.28"):
        read_target({"target": "local", "python": "3.11"}.get)


def test_a_function_takes_the_host_of_a_local_engine_from_the_engine_and_not_from_the_template() -> None:
    environments = [
        one["Environment"]["Variables"]
        for one in of_type(synthesise("local"), "AWS::Lambda::Function").values()
        if "Environment" in one
    ]
    endpoints = [json.dumps(one["SOCKET_ENDPOINT"]) for one in environments if "SOCKET_ENDPOINT" in one]
    assert len(endpoints) >= 4
    assert all('"/_aws/execute-api/"' in endpoint for endpoint in endpoints)
    assert "127.0.0.1" not in json.dumps([one for one in environments if "ALLOWED_ORIGINS" not in one])

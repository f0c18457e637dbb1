"""The local engine's environment, its port, and the endpoint that the caller names."""

import socket

import pytest

from umbel import engine, home
from umbel.errors import UmbelError


@pytest.fixture(autouse=True)
def unnamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("LOCALSTACK_HOST", raising=False)


@pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "PIP_INDEX_URL", "SSL_CERT_FILE", "AWS_PROFILE", "PYTHONPATH"])
def test_nothing_of_the_callers_environment_reaches_the_engine(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "leaked")
    assert "leaked" not in engine.environment(4580, persist=False).values()


def test_a_documented_setting_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UMBEL_ENGINE_AUTH", "true")
    assert engine.environment(4580, persist=False)["AUTH"] == "true"


def test_an_engine_writes_into_its_runs_folder_alone() -> None:
    transient, lasting = (engine.environment(4580, persist=persist) for persist in (False, True))
    for name in ("STATE_DIR", "S3_DATA_DIR"):
        assert (home.SCRATCH / lasting[name]).resolve().parent == home.RUN
    assert "PERSIST_STATE" not in transient
    assert lasting["PERSIST_STATE"] == "1"


def test_a_taken_port_is_named_with_its_holder_and_the_way_out() -> None:
    with socket.socket() as other:
        other.bind((engine.HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UmbelError, match=rf"port {port} is taken by .*process.*--port"):
            engine.refuse_taken(port)


@pytest.mark.parametrize(
    ("variables", "endpoint"),
    [
        ({}, None),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:4566/"}, "http://127.0.0.1:4566"),
        ({"LOCALSTACK_HOST": "localhost:4570"}, "http://localhost:4570"),
        ({"LOCALSTACK_HOST": "stack.example"}, "http://stack.example:4566"),
    ],
)
def test_the_environment_names_an_endpoint_in_any_tools_way(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], endpoint: str | None
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert engine.named_endpoint() == endpoint


def test_only_this_machines_own_port_is_ours() -> None:
    assert engine.is_ours("http://localhost:4566", 4566)
    assert not engine.is_ours("http://localhost:4567", 4566)
    assert not engine.is_ours("http://stack.example:4566", 4566)

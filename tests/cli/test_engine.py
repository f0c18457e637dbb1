"""Tests of the local engine's environment and port, and of the endpoint that the caller's environment names."""

import socket

import pytest

from umbel import engine, paths
from umbel.errors import UmbelError


@pytest.fixture(autouse=True)
def unnamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("LOCALSTACK_HOST", raising=False)


@pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "PIP_INDEX_URL", "SSL_CERT_FILE", "AWS_PROFILE", "PYTHONPATH"])
def test_the_engine_gets_no_variable_of_the_caller(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "leaked")
    assert "leaked" not in engine.environment(4580, persist=False).values()


def test_the_engine_gets_a_setting_with_the_documented_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UMBEL_ENGINE_AUTH", "true")
    assert engine.environment(4580, persist=False)["AUTH"] == "true"


def test_an_engine_writes_only_into_its_runs_folder() -> None:
    transient, lasting = (engine.environment(4580, persist=persist) for persist in (False, True))
    for name in ("STATE_DIR", "S3_DATA_DIR"):
        assert (paths.SCRATCH / lasting[name]).resolve().parent == paths.RUN
    assert "PERSIST_STATE" not in transient
    assert lasting["PERSIST_STATE"] == "1"


def test_the_error_for_a_taken_port_names_the_process_and_the_option_for_another_port() -> None:
    with socket.socket() as other:
        other.bind((engine.HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UmbelError, match=rf"port {port} is taken by .*process.*--port"):
            engine.require_free_port(port)


@pytest.mark.parametrize(
    ("variables", "endpoint"),
    [
        ({}, None),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:4566/"}, "http://127.0.0.1:4566"),
        ({"LOCALSTACK_HOST": "localhost:4570"}, "http://localhost:4570"),
        ({"LOCALSTACK_HOST": "stack.example"}, "http://stack.example:4566"),
    ],
)
def test_the_endpoint_is_read_from_the_variables_of_aws_and_localstack(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], endpoint: str | None
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert engine.endpoint_from_environment() == endpoint


def test_only_our_port_on_this_machine_is_our_own_endpoint() -> None:
    assert engine.is_own_endpoint("http://localhost:4566", 4566)
    assert not engine.is_own_endpoint("http://localhost:4567", 4566)
    assert not engine.is_own_endpoint("http://stack.example:4566", 4566)

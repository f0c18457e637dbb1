"""Tests that an AWS client for the local engine calls only that, whatever variables the caller's shell has."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from umbel import environment
from umbel.aws import AwsTarget

SERVICES = {"dynamodb": "list_tables", "lambda": "list_functions", "s3": "list_buckets"}
"""Services that the command line calls, one of each protocol, each with an action that needs no parameters."""
VARIABLES = sorted(
    {
        name
        for _, names, *_ in BOTOCORE_DEFAUT_SESSION_VARIABLES.values()
        for name in ([names] if isinstance(names, str) else names or ())
    }
    | {f"AWS_ENDPOINT_URL_{service.upper()}" for service in ("cloudformation", "sqs", "sts", *SERVICES)}
    | {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"}
    | {"AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "BOTO_CONFIG"}
    | {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"}
)
"""All variables that botocore reads: those in its own table and a few more."""

asked: list[tuple[str, int]] = []
"""Every IP address that the tests of this file connected to."""


def _listen(event: str, arguments: tuple[object, ...]) -> None:
    if threading.current_thread() is not threading.main_thread():
        return  # a connection that an earlier test left open
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        asked.append(arguments[1][:2])
    if event == "socket.getaddrinfo" and arguments[0] not in (None, "127.0.0.1"):
        asked.append((str(arguments[0]), 53))


sys.addaudithook(_listen)


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Restore all variables after the test."""
    before = dict(os.environ)
    yield monkeypatch
    monkeypatch.undo()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def engine() -> Iterator[str]:
    """Start a server that answers every request with an empty body; yield its URL."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            is_json = "json" in self.headers.get("Content-Type", "") or self.path.startswith("/2015-03-31/")
            answer = b"{}" if is_json else b"<a><b/></a>"
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_local_environment_has_no_proxy_for_the_engine_and_keeps_it_for_downloads() -> None:
    caller = {"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "intranet.example"}
    made = environment.for_local("http://stack.example:4566", caller)
    assert made["HTTPS_PROXY"] == "http://proxy.example:3128"
    assert made["NO_PROXY"] == made["no_proxy"] == "intranet.example,127.0.0.1,localhost,::1,stack.example"


def test_a_process_for_aws_keeps_the_callers_own_settings() -> None:
    assert environment.for_aws({"AWS_PROFILE": "work", "NODE_ENV": "production"})["AWS_PROFILE"] == "work"


@pytest.mark.parametrize("name", VARIABLES)
def test_no_variable_of_botocore_sends_a_local_client_elsewhere(
    name: str, shell: pytest.MonkeyPatch, engine: str, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "config"
    elsewhere.write_text("[default]\nendpoint_url = http://192.0.2.1:9\nproxy = http://192.0.2.1:9\n")
    value = {
        "AWS_CONFIG_FILE": str(elsewhere),
        "AWS_SHARED_CREDENTIALS_FILE": str(elsewhere),
        "AWS_MAX_ATTEMPTS": "many",
        "AWS_CA_BUNDLE": "/nonexistent",
    }.get(name, "true" if "USE_" in name or "IGNORE" in name else "http://192.0.2.1:9")
    shell.setenv(name, value)
    asked.clear()
    for service, call in SERVICES.items():
        # The client cannot parse the empty answer. The test is about where the request went.
        with suppress(BotoCoreError, ClientError, ResponseParserError, KeyError):
            getattr(AwsTarget(engine).client(service), call)()
    assert len(asked) >= len(SERVICES)
    assert set(asked) == {("127.0.0.1", int(engine.rsplit(":", 1)[1]))}

"""Tests over real connections that the local engine refuses requests of foreign pages."""

import io
import json
import socket
import subprocess
import sys
import zipfile
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
import urllib3
from localstack_client.session import Session  # type: ignore[import-untyped]
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed
from umbel import engine, toolchain
from umbel.environment import for_local

pytestmark = pytest.mark.engine

FOREIGN = {
    "a page on the internet": {"Origin": "https://evil.example"},
    "a page in a sandbox or a file": {"Origin": "null"},
    "a page at another port": {"Origin": "http://127.0.0.1:8123", "Sec-Fetch-Site": "same-site"},
    "a picture or a link": {"Sec-Fetch-Site": "cross-site"},
    "a picture in a page at another port": {"Sec-Fetch-Site": "same-site"},
    "a foreign name that resolves to this machine": {"Host": "evil.example"},
    "a page at a foreign name that resolves to this machine": {
        "Host": "evil.example:{port}",
        "Origin": "http://evil.example:{port}",
    },
}
FUNCTION = "drive-by"


def foreign(deployed: Deployed, who: str) -> dict[str, str]:
    return {name: value.format(port=deployed.port) for name, value in FOREIGN[who].items()}


def function_request(name: str = FUNCTION) -> bytes:
    """Return the body that creates a function. A browser sends it as text/plain without a CORS preflight."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("drive.py", "def by(event, context):\n    return 'ran'\n")
    code = {"ZipFile": b64encode(packed.getvalue()).decode()}
    role = "arn:aws:iam::000000000000:role/drive-by"
    python = f"python3.{sys.version_info.minor}"
    return json.dumps(
        {"FunctionName": name, "Code": code, "Role": role, "Handler": "drive.by", "Runtime": python}
    ).encode()


@pytest.fixture
def ask(deployed: Deployed) -> Callable[..., urllib3.BaseHTTPResponse]:
    """Return a function that sends one request to the engine, with no other headers than HTTP needs."""

    def send_request(
        method: str, path: str, headers: dict[str, str], body: bytes | None = None
    ) -> urllib3.BaseHTTPResponse:
        skipped = {"User-Agent": urllib3.util.SKIP_HEADER, "Accept-Encoding": urllib3.util.SKIP_HEADER}
        url = f"{deployed.stack.endpoint}{path}"
        # A connection for each request: the engine may close one whose request it refused before it read the body.
        pool = urllib3.PoolManager(retries=False, timeout=60)
        return pool.request(method, url, headers={**skipped, **headers}, body=body, redirect=False)

    return send_request


def entry_points(deployed: Deployed) -> dict[str, tuple[str, str, dict[str, str], bytes | None]]:
    """Return name -> (method, path, headers, body) of requests that a foreign page could try."""
    endpoint = str(deployed.stack.endpoint)
    scan = {"X-Amz-Target": "DynamoDB_20120810.Scan", "Content-Type": "text/plain"}
    table = json.dumps({"TableName": deployed.stack.table}).encode()
    return {
        "create a function": ("POST", "/2015-03-31/functions", {"Content-Type": "text/plain"}, function_request()),
        "list the queues": ("GET", "/?Action=ListQueues", {}, None),
        "read the ledger": ("POST", "/", scan, table),
        "list the buckets": ("GET", "/", {}, None),
        "the page": ("GET", deployed.stack.web.removeprefix(endpoint), {}, None),
        "the API": ("GET", deployed.stack.api.removeprefix(endpoint) + "/health", {}, None),
        "the engine's health": ("GET", "/_localstack/health", {}, None),
        "the engine's own health": ("GET", "/_ministack/health", {}, None),
        "the engine's settings": ("POST", "/_ministack/config", {"Content-Type": "text/plain"}, b"{}"),
        "messages in queues": ("GET", "/_ministack/sqs/messages", {}, None),
    }


@pytest.mark.parametrize("who", FOREIGN)
def test_every_request_of_a_foreign_page_is_a_403(
    deployed: Deployed, ask: Callable[..., urllib3.BaseHTTPResponse], who: str
) -> None:
    for what, (method, path, headers, body) in entry_points(deployed).items():
        answer = ask(method, path, {**headers, **foreign(deployed, who)}, body)
        assert answer.status == 403, what
        assert "Access-Control-Allow-Origin" not in answer.headers, what
        assert "Refused" in answer.data.decode(), what
    preflight = {"Access-Control-Request-Method": "DELETE", "Access-Control-Request-Headers": "authorization"}
    assert ask("OPTIONS", "/", {**preflight, **foreign(deployed, who)}).status == 403
    # This request would delete the stack that the other tests use.
    assert ask("POST", "/_ministack/reset", foreign(deployed, who)).status == 403
    assert FUNCTION not in functions(deployed)


def test_the_same_requests_of_a_program_succeed(
    deployed: Deployed, ask: Callable[..., urllib3.BaseHTTPResponse]
) -> None:
    """Check that the requests above are refused because of their headers and not for another reason."""
    try:
        for what, (method, path, headers, body) in entry_points(deployed).items():
            assert ask(method, path, headers, body).status in {200, 201}, what
        assert FUNCTION in functions(deployed)
    finally:
        deployed.client("lambda").delete_function(FunctionName=FUNCTION)


@pytest.mark.parametrize("who", FOREIGN)
def test_a_foreign_page_cannot_open_a_socket(deployed: Deployed, api: ApiClient, who: str) -> None:
    headers = foreign(deployed, who)
    # The client computes the Host header from the URL, whatever address it is connected to.
    host = headers.pop("Host", None)
    url = f"{deployed.stack.socket}?token={api.token}"
    if host:
        url = url.replace(f"127.0.0.1:{deployed.port}", host if ":" in host else f"{host}:{deployed.port}")
    with pytest.raises(InvalidStatus) as refused:
        connect(
            url,
            sock=socket.create_connection((engine.HOST, deployed.port)),
            additional_headers=headers,
            proxy=None,
        )
    assert refused.value.response.status_code == 403


def test_the_own_page_can_open_a_socket(deployed: Deployed, api: ApiClient) -> None:
    for origin in (f"http://127.0.0.1:{deployed.port}", f"http://localhost:{deployed.port}", None):
        headers = {"Origin": origin} if origin else {}
        with connect(f"{deployed.stack.socket}?token={api.token}", additional_headers=headers, proxy=None) as live:
            assert live.ping().wait(60)


def test_boto3_and_localstacks_client_work(deployed: Deployed) -> None:
    assert deployed.client("sqs").list_queues()["QueueUrls"]
    for host in (engine.HOST, "localhost"):
        localstack_s3: Any = Session(localstack_host=f"{host}:{deployed.port}").client("s3")
        assert deployed.stack.uploads_bucket in [bucket["Name"] for bucket in localstack_s3.list_buckets()["Buckets"]]


def test_the_aws_command_works(deployed: Deployed, tmp_path: Any) -> None:
    uv = toolchain.uv()
    assert uv, "no uv here: make setup"
    aws = [uv, "tool", "run", "--quiet", "--from", "awscli", "aws"]
    env = for_local(str(deployed.stack.endpoint))
    fetched = subprocess.run([*aws, "--version"], env=env, capture_output=True, text=True, check=False)
    assert fetched.returncode == 0, f"the aws command could not be fetched from the package index: {fetched.stderr}"
    note = tmp_path / "note.txt"
    note.write_text("by the aws command")
    key = f"s3://{deployed.stack.results_bucket}/note.txt"
    for command in (["s3", "cp", str(note), key], ["s3", "ls", key], ["dynamodb", "list-tables"], ["s3", "rm", key]):
        done = subprocess.run([*aws, *command], env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_a_page_opened_as_localhost_is_redirected_to_the_host_of_its_links(
    deployed: Deployed, ask: Callable[..., urllib3.BaseHTTPResponse]
) -> None:
    path = deployed.stack.web.removeprefix(str(deployed.stack.endpoint))
    opened = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    answer = ask("GET", path, {**opened, "Host": f"localhost:{deployed.port}"})
    assert (answer.status, answer.headers["Location"]) == (307, deployed.stack.web)


def functions(deployed: Deployed) -> list[str]:
    pages = deployed.client("lambda").get_paginator("list_functions").paginate()
    return [function["FunctionName"] for page in pages for function in page["Functions"]]

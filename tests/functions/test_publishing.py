"""A deployment copies the page into its bucket, removes what is old, and answers CloudFormation in every case."""

import io
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from botocore.response import StreamingBody

import publisher.handler
from publisher.environment import PublisherEnvironment
from publisher.publishing import Site, clear, publish
from tests.core.aws.stubs import Stub, stubbed
from tests.fakes import FakeLedger
from umbel_core.aws import clients, wiring
from umbel_core.environment import variables
from umbel_core.settings import Limits

FILES = {"index.html": b"<html>", "assets/a-1.js": b"js", "assets/b-2.woff2": b"font", "docs/index.html": b"<docs>"}
SITE = Site(bucket="web", archive_bucket="assets", archive_key="site.zip", config='{"api":"ü"}')
TEXT = "; charset=utf-8"


@pytest.fixture
def s3() -> Iterator[Stub]:
    with stubbed("s3") as stub:
        yield stub


def archive() -> StreamingBody:
    """Return a zip file as S3 answers it; its folders have entries of their own."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as files:
        files.writestr("assets/", b"")
        for name, data in FILES.items():
            files.writestr(name, data)
    data = made.getvalue()
    return StreamingBody(io.BytesIO(data), len(data))


def listing(*keys: str, token: str | None = None) -> dict[str, Any]:
    more = {"IsTruncated": True, "NextContinuationToken": token} if token else {}
    return {"Contents": [{"Key": key} for key in keys], **more}


def test_every_file_is_copied_with_its_type_and_the_first_page_last(s3: Stub) -> None:
    s3.answer("get_object", Body=archive())
    s3.answer(*["put_object"] * 5)
    s3.answer("list_objects_v2", **listing("index.html", "assets/old-1.js", token="next"))
    s3.answer("delete_object")
    s3.answer("list_objects_v2", **listing("config.json", "docs/old.html"))
    s3.answer("delete_object")
    keys = publish(s3.client, SITE)
    assert keys == ["assets/a-1.js", "assets/b-2.woff2", "config.json", "docs/index.html", "index.html"]
    assert s3.calls[0] == ("GetObject", {"Bucket": "assets", "Key": "site.zip"})
    puts = [call for name, call in s3.calls if name == "PutObject"]
    forever, checked = "public, max-age=31536000, immutable", "no-cache"
    assert [(put["Key"], put["Body"], put["ContentType"], put["CacheControl"]) for put in puts] == [
        ("assets/a-1.js", b"js", "text/javascript" + TEXT, forever),
        ("assets/b-2.woff2", b"font", "font/woff2", forever),
        ("docs/index.html", b"<docs>", "text/html" + TEXT, checked),
        ("config.json", SITE.config.encode(), "application/json" + TEXT, checked),
        ("index.html", b"<html>", "text/html" + TEXT, checked),
    ]
    assert {put["Bucket"] for put in puts} == {"web"}
    assert [call for name, call in s3.calls if name == "DeleteObject"] == [
        {"Bucket": "web", "Key": "assets/old-1.js"},
        {"Bucket": "web", "Key": "docs/old.html"},
    ]
    assert {call["Bucket"] for name, call in s3.calls if name == "ListObjectsV2"} == {"web"}


def test_a_file_of_unknown_type_is_bytes(s3: Stub) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as files:
        files.writestr("index.html", b"")
        files.writestr("LICENCE", b"l")
    s3.answer("get_object", Body=StreamingBody(io.BytesIO(made.getvalue()), len(made.getvalue())))
    s3.answer(*["put_object"] * 3)
    s3.answer("list_objects_v2")
    publish(s3.client, SITE)
    assert s3.calls[1][1]["ContentType"] == "application/octet-stream"


def test_a_cleared_bucket_keeps_nothing(s3: Stub) -> None:
    s3.answer("list_objects_v2", **listing("index.html"))
    s3.answer("delete_object")
    clear(s3.client, "web")
    assert s3.calls[1] == ("DeleteObject", {"Bucket": "web", "Key": "index.html"})


class Answers(BaseHTTPRequestHandler):
    """CloudFormation's end of the answer: a presigned URL of S3, which refuses a content type that was not signed."""

    kept: list[tuple[str, str | None, Any]]

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.kept.append((self.path, self.headers["Content-Type"], msgspec.json.decode(body)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def cloudformation() -> Iterator[tuple[str, list[tuple[str, str | None, Any]]]]:
    kept: list[tuple[str, str | None, Any]] = []
    server = HTTPServer(("127.0.0.1", 0), type("Kept", (Answers,), {"kept": kept}))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/answer?signed", kept
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch, s3: Stub) -> FakeLedger:
    environment = PublisherEnvironment(ledger_table="l", limits=Limits())
    for name, value in variables(environment).items():
        monkeypatch.setenv(name, value)
    kept = FakeLedger()
    kept.replace_deployed_ops(["blur"])
    monkeypatch.setattr(clients, "s3", lambda: s3.client)
    monkeypatch.setattr(wiring, "ledger", lambda given: {"l": kept}[given.ledger_table])
    return kept


def event(kind: str, url: str, **properties: Any) -> dict[str, Any]:
    given = {**msgspec.to_builtins(SITE), "ops": ["blur", "crop"], "ServiceToken": "arn:…", **properties}
    return {
        "RequestType": kind,
        "ResponseURL": url,
        "StackId": "s",
        "RequestId": "r",
        "LogicalResourceId": "Site",
        "ResourceProperties": given,
        **({} if kind == "Create" else {"PhysicalResourceId": "site-1"}),
    }


CONTEXT = SimpleNamespace(log_stream_name="2026/log")


def test_a_deployment_is_published_recorded_and_answered(
    s3: Stub, ledger: FakeLedger, cloudformation: tuple[str, list[tuple[str, str | None, Any]]]
) -> None:
    url, answers = cloudformation
    s3.answer("get_object", Body=archive())
    s3.answer(*["put_object"] * 5, "list_objects_v2")
    publisher.handler.handle(event("Create", url), CONTEXT)
    answer = {
        "Status": "SUCCESS",
        "Reason": "See 2026/log",
        "PhysicalResourceId": "Site",
        "StackId": "s",
        "RequestId": "r",
        "LogicalResourceId": "Site",
    }
    assert answers == [("/answer?signed", "", answer)]
    assert ledger.replace_deployed_ops([]) == ["blur", "crop"]


def test_a_deleted_deployment_leaves_an_empty_bucket(
    s3: Stub, ledger: FakeLedger, cloudformation: tuple[str, list[tuple[str, str | None, Any]]]
) -> None:
    url, answers = cloudformation
    s3.answer("list_objects_v2", **listing("index.html"))
    s3.answer("delete_object")
    publisher.handler.handle(event("Delete", url), CONTEXT)
    ((_, _, answer),) = answers
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", "site-1")
    assert s3.operations == ["ListObjectsV2", "DeleteObject"]
    assert ledger.replace_deployed_ops([]) == ["blur"]


def test_a_failure_is_answered_with_its_reason_so_that_the_deployment_does_not_hang(
    s3: Stub, ledger: FakeLedger, cloudformation: tuple[str, list[tuple[str, str | None, Any]]]
) -> None:
    url, answers = cloudformation
    s3.refuse("get_object", "NoSuchKey")
    publisher.handler.handle(event("Update", url), CONTEXT)
    ((_, _, answer),) = answers
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", "site-1")
    assert answer["Reason"].startswith("The web app could not be published: ")
    assert "NoSuchKey" in answer["Reason"]
    assert ledger.replace_deployed_ops([]) == ["blur"]

"""S3: the version of an upload that its event named, and no other."""

import base64
import io
import json
from typing import Any

import pytest
from botocore.response import StreamingBody

from tests.core.aws.stubs import stubbed
from umbel_core.aws.pictures import S3Pictures, S3Results
from umbel_core.aws.uploads import S3Uploads
from umbel_core.errors import Rejected
from umbel_core.intake_messages import ObjectCreated


def body(data: bytes) -> dict[str, Any]:
    return {"Body": StreamingBody(io.BytesIO(data), len(data)), "ContentLength": len(data)}


def test_the_version_of_a_picture_is_passed_on() -> None:
    with stubbed("s3") as stub:
        stub.answer("get_object", **body(b"pixels"))
        assert S3Pictures(stub.client, "uploads", 1000).fetch("uploads/a.jpg", "etag") == b"pixels"
    assert stub.only == {"Bucket": "uploads", "Key": "uploads/a.jpg", "IfMatch": "etag"}


def test_the_version_of_a_manifest_is_passed_on() -> None:
    with stubbed("s3") as stub:
        stub.answer("get_object", **body(b"{}"))
        assert S3Uploads(stub.client, "uploads").read("jobs/a.json", "etag") == b"{}"
    assert stub.only == {"Bucket": "uploads", "Key": "jobs/a.json", "IfMatch": "etag"}


def test_without_a_version_any_is_read() -> None:
    with stubbed("s3") as stub:
        stub.answer("get_object", **body(b"x"))
        S3Pictures(stub.client, "uploads", 1000).fetch("uploads/a.jpg", None)
        stub.answer("get_object", **body(b"x"))
        S3Uploads(stub.client, "uploads").read("jobs/a.json", "")
    assert all("IfMatch" not in params for _, params in stub.calls)


def test_a_version_is_read_even_when_it_was_replaced() -> None:
    with stubbed("s3") as stub:
        stub.answer("get_object", **body(b"x"))
        S3Pictures(stub.client, "uploads", 1000).fetch("uploads/a.jpg", "etag", "v1")
        stub.answer("get_object", **body(b"x"))
        S3Uploads(stub.client, "uploads").read("jobs/a.json", "etag", "v1")
    assert [(params["VersionId"], "IfMatch" in params) for _, params in stub.calls] == [("v1", False)] * 2


@pytest.mark.parametrize(
    ("code", "message", "refusal"),
    [
        ("InvalidObjectState", "", "archived_object"),
        ("InvalidRequest", "The object was stored using a form of Server Side Encryption.", "encrypted_object"),
        ("AccessDenied", "User: r is not authorized to perform: kms:Decrypt on this resource", "encrypted_object"),
        ("KMS.DisabledException", "The key is disabled.", "encrypted_object"),
    ],
)
def test_what_s3_never_reads_is_refused_at_once_with_the_fix(code: str, message: str, refusal: str) -> None:
    with stubbed("s3") as stub:
        for read in (S3Pictures(stub.client, "uploads", 1000).fetch, S3Uploads(stub.client, "uploads").read):
            stub.stubber.add_client_error("get_object", code, message)
            with pytest.raises(Rejected, match="Upload it again") as error:
                read("uploads/a.jpg", "etag")
            assert error.value.code == refusal


def test_a_function_without_permission_is_not_the_error_of_the_uploader() -> None:
    with stubbed("s3") as stub:
        stub.stubber.add_client_error("get_object", "AccessDenied", "not authorized to perform: s3:GetObject")
        with pytest.raises(stub.client.exceptions.ClientError):
            S3Pictures(stub.client, "uploads", 1000).fetch("uploads/a.jpg", None)


def test_an_object_is_written_once_so_that_s3_sends_one_event() -> None:
    with stubbed("s3") as stub:
        uploads = S3Uploads(stub.client, "uploads")
        stub.answer("put_object")
        uploads.write("jobs/j1.json", b"{}")
        stub.refuse("put_object", "PreconditionFailed")
        uploads.write("jobs/j1.json", b"{}")
        stub.refuse("put_object", "ConditionalRequestConflict")
        stub.answer("put_object")
        uploads.write("jobs/j1.json", b"{}")
    assert {params["IfNoneMatch"] for _, params in stub.calls} == {"*"}


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        ("NoSuchKey", "no_such_picture"),
        ("NoSuchVersion", "no_such_picture"),
        ("404", "no_such_picture"),
        ("KeyTooLongError", "no_such_picture"),
        ("PreconditionFailed", "superseded"),
        ("412", "superseded"),
    ],
)
def test_a_picture_that_is_missing_or_replaced_is_refused(code: str, refusal: str) -> None:
    with stubbed("s3") as stub:
        stub.refuse("get_object", code)
        with pytest.raises(Rejected) as error:
            S3Pictures(stub.client, "uploads", 1000).fetch("uploads/a.jpg", "etag")
    assert error.value.code == refusal


@pytest.mark.parametrize("code", ["NoSuchKey", "404", "PreconditionFailed", "412"])
def test_a_manifest_that_is_missing_or_replaced_is_refused(code: str) -> None:
    with stubbed("s3") as stub:
        stub.refuse("get_object", code)
        with pytest.raises(Rejected, match="superseded"):
            S3Uploads(stub.client, "uploads").read("jobs/a.json", "etag")


def test_any_other_error_is_raised() -> None:
    with stubbed("s3") as stub:
        stub.refuse("get_object", "SlowDown")
        with pytest.raises(stub.client.exceptions.ClientError):
            S3Pictures(stub.client, "uploads", 1000).fetch("uploads/a.jpg", "etag")
        stub.refuse("get_object", "SlowDown")
        with pytest.raises(stub.client.exceptions.ClientError):
            S3Uploads(stub.client, "uploads").read("jobs/a.json", "etag")


def test_an_object_is_found_as_the_event_of_its_upload_describes_it() -> None:
    with stubbed("s3") as stub:
        stub.answer("head_object", ContentLength=3, ETag='"abc"')
        stub.refuse("head_object", "404")
        uploads = S3Uploads(stub.client, "uploads")
        assert uploads.find("jobs/a.json") == ObjectCreated("uploads", "jobs/a.json", 3, "abc", "")
        assert uploads.find("jobs/b.json") is None


@pytest.mark.parametrize(("limit", "accepted"), [(6, True), (5, False)])
def test_a_picture_over_the_limit_is_refused_before_it_is_read(limit: int, accepted: bool) -> None:
    answer = body(b"pixels")
    with stubbed("s3") as stub:
        stub.answer("get_object", **answer)
        pictures = S3Pictures(stub.client, "uploads", limit)
        if accepted:
            assert pictures.fetch("uploads/a.jpg", None) == b"pixels"
        else:
            with pytest.raises(Rejected, match="too_large"):
                pictures.fetch("uploads/a.jpg", None)


def test_a_result_is_stored_with_its_type_and_is_not_shared_by_caches() -> None:
    with stubbed("s3") as stub:
        stub.answer("put_object")
        S3Results(stub.client, "results").put("j1/blur.png", b"x", "image/png")
    assert (stub.only["ContentType"], stub.only["CacheControl"]) == ("image/png", "private, max-age=3600")
    assert stub.only["ContentDisposition"] == "inline"


def test_a_ticket_is_for_one_key_one_type_and_a_largest_size() -> None:
    with stubbed("s3") as stub:
        ticket = S3Uploads(stub.client, "uploads").ticket("uploads/j1/a.jpg", "image/jpeg", 500, 60)
    assert ticket["fields"]["key"] == "uploads/j1/a.jpg"
    assert (ticket["fields"]["Content-Type"], ticket["fields"]["success_action_status"]) == ("image/jpeg", "201")
    conditions = json.loads(base64.b64decode(ticket["fields"]["policy"]))["conditions"]
    assert ["content-length-range", 0, 500] in conditions
    assert {"Content-Type": "image/jpeg"} in conditions

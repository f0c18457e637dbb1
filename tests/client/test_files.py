"""Tests of uploads to the API and the bucket, and of downloads into a folder."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.client.fake_api import NOW, FakeApi
from umbel import ApiError, Client, Job
from umbel_core.contract.limits import MAX_INLINE_PICTURE_BYTES

UPLOAD = f"j{7:020x}"


@pytest.fixture
def bucket(fake: FakeApi) -> FakeApi:
    """The fake API, with a bucket that accepts presigned POSTs."""
    ticket = {
        "job_id": UPLOAD,
        "url": f"{fake.url}/bucket",
        "fields": {"key": "uploads/default/cat.webp", "policy": "p"},
    }
    fake.answers |= {"POST /uploads": (201, ticket), "POST /bucket": (201, b"")}
    return fake


def _body(fake: FakeApi, request: str) -> bytes:
    return next(body for asked, body in fake.bodies if asked == request)


def test_an_upload_sends_the_fields_and_then_the_file(client: Client, bucket: FakeApi, tmp_path: Path) -> None:
    file = tmp_path / "cat.webp"
    file.write_bytes(b"picture" * 100_000)
    sent: list[int] = []
    assert client.upload(file, recipe="hero", progress=sent.append).id == UPLOAD
    request = {"filename": "cat.webp", "content_type": "image/webp", "size": 700_000, "recipe": "hero"}
    assert json.loads(_body(bucket, "POST /uploads")) == request
    form = _body(bucket, "POST /bucket")
    places = [form.index(part) for part in (b'name="key"', b'name="policy"', b'name="file"', file.read_bytes())]
    assert places == sorted(places)
    assert (sum(sent), len(sent)) == (700_000, 3), "in chunks, so that a large file is never in memory whole"


def test_a_refusal_of_the_bucket_is_its_own_sentence(client: Client, bucket: FakeApi, tmp_path: Path) -> None:
    bucket.answers["POST /bucket"] = (
        403,
        b"<Error><Code>AccessDenied</Code><Message>Policy expired.</Message></Error>",
    )
    file = tmp_path / "cat.jpg"
    file.write_bytes(b"picture")
    with pytest.raises(ApiError, match=r"cat\.jpg: Policy expired\.") as raised:
        client.upload(file)
    assert (raised.value.code, raised.value.status) == ("upload_refused", 403)


def test_a_small_picture_is_sent_inside_the_request(client: Client, fake: FakeApi, tmp_path: Path) -> None:
    fake.answers["POST /jobs"] = (202, {"job_id": UPLOAD, "status": "pending"})
    file = tmp_path / "cat.jpg"
    file.write_bytes(b"picture")
    for picture in (file, b"picture"):
        client.start("blur", picture, radius=2)
    inside = {"image_data": base64.b64encode(b"picture").decode(), "operation": "blur", "params": {"radius": 2}}
    for _, body in fake.bodies:
        assert {name: value for name, value in json.loads(body).items() if value is not None} == inside


def test_a_picture_that_does_not_fit_into_a_request_is_uploaded_first(client: Client, bucket: FakeApi) -> None:
    job = client.start("upper", bytes(MAX_INLINE_PICTURE_BYTES + 1))
    assert bucket.asked == ["POST /uploads", "POST /bucket", "POST /jobs"]
    assert [task["input"] for task in bucket.jobs[job.id]] == ["uploads/default/cat.webp"]


def _made(fake: FakeApi, number: int, name: str) -> dict[str, Any]:
    """A completed job with one picture."""
    job_id = f"j{number:020x}"
    fake.answers[f"GET /results/{job_id}"] = (200, f"picture {number}".encode())
    file = {"key": f"{job_id}/blur.jpg", "url": f"{fake.url}/results/{job_id}", "format": "jpeg"}
    variants = {"blur": {"op": "blur", "status": "completed", **file}}
    own = {"id": job_id, "kind": "upload", "name": name, "status": "completed", "created_at": NOW, "updated_at": NOW}
    record = {**own, "counts": {"total": 1, "completed": 1}, "variants": variants}
    fake.answers[f"GET /jobs/{job_id}"] = (200, record)
    return record


def test_results_are_named_for_picture_and_variant_and_never_replace_those_of_another_job(
    client: Client, fake: FakeApi, tmp_path: Path
) -> None:
    jobs = [Job(client, _made(fake, number, name)["id"]) for number, name in ((1, "cat.jpg"), (2, "cat.png"))]
    for _ in range(2):
        for job in jobs:
            job.download(tmp_path)
    expected = {"cat-blur.jpg": "picture 1", f"{jobs[1].id}-cat-blur.jpg": "picture 2"}
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == expected


def test_a_result_that_is_gone_leaves_no_file(client: Client, fake: FakeApi, tmp_path: Path) -> None:
    job = Job(client, _made(fake, 1, "cat.jpg")["id"])
    fake.answers[f"GET /results/{job.id}"] = (403, b"<Error><Message>Request has expired</Message></Error>")
    with pytest.raises(ApiError, match=r"blur\.jpg: the result is not there \(HTTP 403\)"):
        job.download(tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_pictures_of_a_job_without_variants_are_found_in_its_tasks(
    client: Client, fake: FakeApi, tmp_path: Path
) -> None:
    record = _made(fake, 1, "cat.jpg")
    job_id, variant = record["id"], record.pop("variants")["blur"]
    task = {"id": f"{job_id}.0", "job_id": job_id, "op": "blur", "variant": "blur", "input": "k", "queued_at": NOW}
    page = {"tasks": [{**task, "status": "completed", "result": variant}], "cursor": None}
    fake.answers[f"GET /jobs/{job_id}/tasks"] = (200, page)
    assert list(Job(client, job_id).download(tmp_path, name="given.png").values()) == [tmp_path / "given-blur.jpg"]

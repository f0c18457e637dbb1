"""Tests of upload tickets: a ticket allows one upload, of limited size, into the ticket's job."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.pipeline.api import ApiClient, send_form
from tests.pipeline.deployment import Deployed
from tests.pipeline.shapes import is_error
from tests.pipeline.waiting import wait_for
from umbel_core.ids import new_job_id
from umbel_core.settings import Limits

pytestmark = pytest.mark.engine

LIMIT = Limits().max_upload_bytes

HERO = {f"{width}-{kind}" for width in ("small", "medium", "large") for kind in ("avif", "webp", "jpeg")}


def _request_ticket(api: ApiClient, **changes: Any) -> Any:
    return api.post("/uploads", {"filename": "cat.jpg", "content_type": "image/jpeg", "size": 35_042, **changes})


def test_a_picture_uploaded_with_a_ticket_belongs_to_the_tickets_job(
    api: ApiClient, photos: dict[str, bytes], done: Callable[..., dict[str, Any]]
) -> None:
    answer = _request_ticket(api, filename="C:\\photos\\my cat.jpg", content_type="IMAGE/JPEG", recipe="hero")
    assert answer.status == 201
    assert set(answer.body) == {"job_id", "url", "fields"}
    pending = api.get(f"/jobs/{answer.body['job_id']}").body
    assert (pending["status"], pending["name"]) == ("pending", "my cat.jpg")
    assert send_form(answer.body["url"], answer.body["fields"], photos["cat.jpg"]) == 201
    job = done(answer.body["job_id"])
    assert (job["status"], job["recipe"], set(job["variants"])) == ("completed", "hero", HERO)


def test_two_pictures_posted_with_one_ticket_are_two_jobs(
    api: ApiClient,
    deployed: Deployed,
    photos: dict[str, bytes],
    done: Callable[..., dict[str, Any]],
) -> None:
    ticket = _request_ticket(api, recipe="hero").body
    for name in sorted(photos)[:2]:
        assert send_form(ticket["url"], ticket["fields"], photos[name]) == 201

    def both() -> list[str]:
        jobs = [job["id"] for job in api.get("/jobs").body["jobs"] if job["source"] == ticket["fields"]["key"]]
        return jobs if len(jobs) == 2 else []

    jobs = [done(job) for job in wait_for(both, "a job for each picture")]
    assert ticket["job_id"] in [job["id"] for job in jobs]
    assert [job["status"] for job in jobs] == ["completed", "completed"]
    versions = {deployed.ledger.tasks(job["id"], None, 1, None)[0][0].object_version for job in jobs}
    assert len(versions) == 2, "each job read its own picture"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"StorageClass": "DEEP_ARCHIVE"}, "archived_object"),
        ({"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}, "encrypted_object"),
    ],
)
def test_what_s3_does_not_read_is_refused_at_once(
    deployed: Deployed, api: ApiClient, done: Callable[..., dict[str, Any]], options: dict[str, str], code: str
) -> None:
    name, s3 = f"{code}-{new_job_id()}", deployed.client("s3")
    keys = {f"uploads/hero/{name}.jpg", f"jobs/{name}.json"}
    for key in keys:
        s3.put_object(Bucket=deployed.stack.uploads_bucket, Key=key, Body=b"{}", **options)

    def both() -> list[str]:
        jobs = [job["id"] for job in api.get("/jobs").body["jobs"] if job["source"] in keys]
        return jobs if len(jobs) == 2 else []

    for job in map(done, wait_for(both, "a job for each object")):
        assert (job["status"], {error["code"] for error in job["errors"]}) == ("failed", {code})


def test_a_ticket_allows_the_largest_size_and_no_byte_more(
    api: ApiClient, photos: dict[str, bytes], done: Callable[..., dict[str, Any]]
) -> None:
    ticket = _request_ticket(api, size=LIMIT).body
    padded = photos["cat.jpg"].ljust(LIMIT, b"\0")
    assert send_form(ticket["url"], ticket["fields"], padded + b"\0") == 400
    assert api.get(f"/jobs/{ticket['job_id']}").body["status"] == "pending"
    assert send_form(ticket["url"], ticket["fields"], padded) == 201
    assert done(ticket["job_id"])["status"] == "completed"


def test_a_ticket_is_valid_only_for_its_key_and_content_type(api: ApiClient, photos: dict[str, bytes]) -> None:
    ticket = _request_ticket(api).body
    for changes in ({"key": "uploads/other.jpg"}, {"Content-Type": "text/html"}):
        assert send_form(ticket["url"], {**ticket["fields"], **changes}, photos["cat.jpg"]) == 403


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"size": LIMIT + 1}, 413, "too_large"),
        ({"size": 0}, 400, "empty_file"),
        ({"size": -1}, 400, "invalid_body"),
        ({"size": "much"}, 400, "invalid_body"),
        ({"filename": ""}, 400, "invalid_body"),
        ({"content_type": "image/svg+xml"}, 415, "unsupported_format"),
        ({"content_type": "text/plain"}, 415, "unsupported_format"),
        ({"recipe": "no-such"}, 400, "unknown_recipe"),
        ({"colour": "red"}, 400, "invalid_body"),
    ],
)
def test_an_upload_that_would_be_refused_gets_no_ticket(
    api: ApiClient, changes: dict[str, Any], status: int, code: str
) -> None:
    answer = _request_ticket(api, **changes)
    assert answer.status == status
    assert is_error(answer.body, code)


def test_a_body_that_is_not_json_is_refused(api: ApiClient) -> None:
    answer = api.post("/uploads", b"filename=cat.jpg")
    assert answer.status == 400
    assert is_error(answer.body, "invalid_json")

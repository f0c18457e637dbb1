"""The API's URLs of pictures: newest first, as many as asked for, as a redirect or as bytes."""

from itertools import islice
from typing import Any

import pytest

from tests.functions.gateway import Gateway
from umbel_core.ledger import JobRecord, TaskRecord


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Gateway:
    return Gateway(monkeypatch)


def keep(gateway: Gateway, number: int, **variants: Any) -> str:
    """Put a job with these variants into the ledger; a higher number is newer."""
    job_id, moment = f"j{number:020}", f"2026-01-31T12:{number // 60:02}:{number % 60:02}.000Z"
    job = JobRecord(id=job_id, kind="upload", name="n", created_at=moment, updated_at=moment, planned=True, total=1)
    job.variants = variants
    gateway.stage.ledger.plan(job, [])
    return job_id


def kept(job_id: str, variant: str, size: int = 6) -> dict[str, Any]:
    return {"key": f"{job_id}/{variant}.png", "content_type": "image/png", "bytes": size, "status": "completed"}


def test_pictures_are_listed_newest_first_without_what_is_not_made(gateway: Gateway) -> None:
    old = keep(gateway, 1, soft=kept("old", "soft"), blur={"status": "pending"})
    keep(gateway, 2, soft={"status": "failed"})
    new = keep(gateway, 3, soft=kept("new", "soft"))
    answer = gateway.call("GET", "/images")
    assert list(answer.body.items()) == [
        (new, {"soft": "https://results.example/new/soft.png"}),
        (old, {"soft": "https://results.example/old/soft.png"}),
    ]


def test_a_list_has_as_many_jobs_as_asked_for(gateway: Gateway) -> None:
    ids = [keep(gateway, number, soft=kept("k", "soft")) for number in range(120)][::-1]
    assert list(gateway.call("GET", "/images", query={"limit": "3"}).body) == list(islice(ids, 3))
    assert list(gateway.call("GET", "/images", query={"limit": "110"}).body) == ids[:110]


def test_a_variant_is_a_redirect_or_its_bytes(gateway: Gateway) -> None:
    job_id = keep(gateway, 1, soft=kept("k", "soft"), blur={"status": "pending"})
    gateway.stage.results.put("k/soft.png", b"pixels", "image/png")
    redirect = gateway.call("GET", "/images/{job_id}/{variant}", job_id=job_id, variant="soft")
    assert (redirect.status, redirect.headers["Location"]) == (302, "https://results.example/k/soft.png")
    file = gateway.call("GET", "/images/{job_id}/{variant}", query={"redirect": "0"}, job_id=job_id, variant="soft")
    assert (file.status, file.body, file.headers["Content-Type"]) == (200, "cGl4ZWxz", "image/png")


@pytest.mark.parametrize("variant", ["blur", "no"])
@pytest.mark.parametrize("job", ["there", "j" + "9" * 20])
def test_a_variant_that_is_not_made_is_refused_by_name(gateway: Gateway, job: str, variant: str) -> None:
    there = keep(gateway, 1, soft=kept("k", "soft"), blur={"status": "pending"})
    job_id = there if job == "there" else job
    answer = gateway.call("GET", "/images/{job_id}/{variant}", job_id=job_id, variant=variant)
    assert (answer.status, answer.code) == (404, "no_result")
    assert answer.body["error"]["message"] == (f"There is no variant '{variant}' of '{job_id}', or it is not made yet.")


@pytest.mark.parametrize(("size", "status"), [(4_400_000, 200), (4_400_001, 413)])
def test_an_answer_carries_a_result_up_to_its_limit(gateway: Gateway, size: int, status: int) -> None:
    job_id = keep(gateway, 1, soft=kept("k", "soft", size))
    gateway.stage.results.put("k/soft.png", b"pixels", "image/png")
    answer = gateway.call("GET", "/images/{job_id}/{variant}", query={"redirect": "0"}, job_id=job_id, variant="soft")
    assert answer.status == status
    if status == 413:
        assert answer.body["error"] == {
            "code": "result_too_large",
            "message": "The result has 4.4 MB; an answer carries at most 4.4 MB. "
            "Ask without redirect=0 and follow the redirect.",
            "path": "/redirect",
        }


def keep_tasks(gateway: Gateway, *results: tuple[str, Any]) -> str:
    job_id, moment = f"j{7:020}", "2026-01-31T12:00:00.000Z"
    job = JobRecord(id=job_id, kind="manifest", name="n", created_at=moment, updated_at=moment, planned=True, total=1)
    tasks = [
        TaskRecord(job_id=job_id, index=index, op="soft", variant=variant, input="k", queued_at=moment, result=result)
        for index, (variant, result) in enumerate(results)
    ]
    gateway.stage.ledger.plan(job, tasks)
    return job_id


@pytest.mark.parametrize(
    ("variants", "asked", "error"),
    [
        (["a", "b"], None, ("which_variant", "The job has 2 results; say ?variant= with one of a, b.", "/variant")),
        (["a", "b"], "c", ("no_result", "The job has no result 'c'.", None)),
        ([], None, ("no_result", "The job has no result to download.", None)),
        (["a", "b"], "b", None),
        (["a"], None, None),
    ],
)
def test_a_download_is_the_only_result_or_the_variant_asked_for(
    gateway: Gateway, variants: list[str], asked: str | None, error: tuple[str, str, str | None] | None
) -> None:
    job_id = keep_tasks(gateway, ("text", "no file"), *((name, kept("k", name)) for name in variants))
    query = {"variant": asked} if asked else None
    answer = gateway.call("GET", "/jobs/{job_id}/download", query=query, job_id=job_id)
    if error is None:
        assert (answer.status, answer.headers["Location"]) == (302, f"https://results.example/k/{variants[-1]}.png")
    else:
        found = answer.body["error"]
        assert (found["code"], found["message"], found.get("path")) == error


def test_a_job_shows_all_its_errors_although_its_record_keeps_the_first(gateway: Gateway) -> None:
    from umbel_core.ledger import ErrorRecord

    job_id, moment = f"j{8:020}", "2026-01-31T12:00:00.000Z"
    job = JobRecord(id=job_id, kind="manifest", name="n", created_at=moment, updated_at=moment, planned=True, total=3)
    job.failed, job.errors = 3, [ErrorRecord("bad", "first")]
    tasks = [
        TaskRecord(
            job_id=job_id,
            index=index,
            op="say",
            variant=f"v{index}",
            input="k",
            queued_at=moment,
            status="failed",
            error=ErrorRecord("bad", f"error {index}"),
        )
        for index in range(3)
    ]
    gateway.stage.ledger.plan(job, tasks)
    shown = gateway.call("GET", "/jobs/{job_id}", job_id=job_id).body
    assert [error["message"] for error in shown["errors"]] == ["error 0", "error 1", "error 2"]
    assert [error["variant"] for error in shown["errors"]] == ["v0", "v1", "v2"]

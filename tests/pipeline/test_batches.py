"""Tests of batches: stores run in parallel, each in order; a failure stops its store, and a retry resumes it."""

import json
from collections import defaultdict
from collections.abc import Callable
from io import BytesIO
from itertools import pairwise
from typing import Any

import pytest
from PIL import Image

from tests.fetching.server import Site
from tests.pipeline.api import ApiClient, open_link
from tests.pipeline.waiting import wait_for

pytestmark = pytest.mark.engine

STORES, IMAGES = 8, 6
BROKEN = {"store-2": 0, "store-5": 3}
Done = Callable[..., dict[str, Any]]


def picture(width: int, height: int) -> bytes:
    """Return a small JPEG of this size."""
    file = BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, "JPEG")
    return file.getvalue()


@pytest.fixture
def visits(web: Site) -> list[dict[str, Any]]:
    """Serve the stores' images, two of which are broken; return the visits of a batch."""
    for store in range(STORES):
        for index in range(IMAGES):
            path = f"/store-{store}/{index}.jpg"
            web.files[path] = picture(10 + store, 20 + index)
            if BROKEN.get(f"store-{store}") == index:
                web.files[path] = web.files[path][:300]
    return [
        {
            "store_id": f"store-{store}",
            "image_url": [web.url(f"/store-{store}/{index}.jpg") for index in range(IMAGES)],
            "visit_time": "2026-01-31T12:00:00Z",
        }
        for store in range(STORES)
    ]


def by_store(api: ApiClient, job: str) -> dict[str, list[dict[str, Any]]]:
    """Return store -> its tasks, in their order."""
    stores = defaultdict(list)
    for task in api.tasks(job):
        stores[task["group"]].append(task)
    return stores


def test_a_failure_stops_only_its_store_and_a_retry_repeats_no_completed_task(
    api: ApiClient, web: Site, visits: list[dict[str, Any]], done: Done
) -> None:
    job = api.post("/batches", {"count": STORES, "visits": visits}).body["job_id"]
    ended = done(job)
    assert (ended["kind"], ended["status"]) == ("batch", "failed")
    assert ended["counts"] == {"total": 48, "completed": 39, "failed": 2, "skipped": 7}
    assert {error["store_id"]: error["code"] for error in ended["errors"]} == {
        "store-2": "truncated_picture",
        "store-5": "truncated_picture",
    }
    assert all(error["error"] for error in ended["errors"])
    first = by_store(api, job)
    for store, tasks in first.items():
        ran = [task for task in tasks if task["status"] != "skipped"]
        assert len(ran) == BROKEN.get(store, IMAGES - 1) + 1
        assert all(before["finished_at"] <= after["started_at"] for before, after in pairwise(ran))
        perimeters = [task["result"]["perimeter"] for task in ran if task["status"] == "completed"]
        number = int(store.removeprefix("store-"))
        assert perimeters == [2 * (10 + number + 20 + index) for index in range(len(perimeters))]

    for store, index in BROKEN.items():
        web.files[f"/{store}/{index}.jpg"] = picture(1, 1)
    assert api.post(f"/jobs/{job}/retry").status == 202
    wait_for(lambda: api.get(f"/jobs/{job}").body["status"] == "completed", "the retry to complete the batch")
    assert api.get(f"/jobs/{job}").body["errors"] == []
    for store, tasks in by_store(api, job).items():
        done_before = [task for task in first[store] if task["status"] == "completed"]
        assert tasks[: len(done_before)] == done_before
        assert {task["status"] for task in tasks} == {"completed"}


def test_a_host_that_is_busy_for_a_short_time_stops_no_store(api: ApiClient, web: Site, done: Done) -> None:
    paths = [f"/busy/{index}.jpg" for index in range(4)]
    web.files |= {path: picture(10, 20) for path in paths}
    web.busy |= {paths[1]: 2, paths[2]: 1}
    visits = [
        {"store_id": "busy", "image_url": [web.url(path) for path in paths]},
        {"store_id": "idle", "image_url": [web.url(paths[0])] * 2},
    ]
    job = api.post("/batches", {"count": 2, "visits": visits}).body["job_id"]
    ended = done(job)
    assert ended["errors"] == []
    assert ended["status"] == "completed"
    stores = by_store(api, job)
    assert all(before["finished_at"] <= after["started_at"] for before, after in pairwise(stores["busy"]))
    assert stores["busy"][1]["attempts"] == 3
    assert max(task["finished_at"] for task in stores["idle"]) < stores["busy"][1]["finished_at"]


def test_a_host_that_stays_busy_stops_its_store_with_the_hosts_status(api: ApiClient, web: Site, done: Done) -> None:
    web.files["/busy.jpg"] = picture(10, 20)
    web.busy["/busy.jpg"] = 3
    body = {"count": 1, "visits": [{"store_id": "S1", "image_url": [web.url("/busy.jpg")] * 2}]}
    ended = done(api.post("/batches", body).body["job_id"])
    assert ended["counts"] == {"total": 2, "completed": 0, "failed": 1, "skipped": 1}
    (error,) = ended["errors"]
    assert error["code"] == "no_such_picture"
    assert "status 503" in error["error"]


def test_a_batch_can_be_uploaded_as_a_file(
    web: Site, upload: Callable[[str, bytes], None], job_for: Callable[..., Any], api: ApiClient
) -> None:
    web.files["/one.jpg"] = picture(30, 40)
    body = {"count": 1, "visits": [{"store_id": "S1", "image_url": [web.url("/one.jpg")]}], "gpu_seconds": 0.4}
    upload("jobs/visits.json", json.dumps(body).encode())
    job = job_for("jobs/visits.json")
    assert (job.kind, job.status) == ("batch", "completed")
    (task,) = api.tasks(job.id)
    assert task["result"] == {"width": 30, "height": 40, "perimeter": 140}
    assert task["duration_ms"] >= 400


def test_a_count_that_differs_from_the_visits_is_refused(api: ApiClient) -> None:
    visit = {"store_id": "S1", "image_url": ["http://example.org/1.jpg"]}
    answer = api.post("/batches", {"count": 2, "visits": [visit]})
    assert (answer.status, answer.body["error"]["code"]) == (400, "count_mismatch")


def test_every_picture_op_accepts_a_url(api: ApiClient, web: Site, photos: dict[str, bytes], done: Done) -> None:
    web.files["/coffee.jpg"] = photos["coffee.jpg"]
    job = api.run(
        {"op": "thumbnail", "input": web.url("/coffee.jpg"), "params": {"width": 64, "height": 64}},
        {"op": "info", "input": web.url("/missing")},
        {"op": "info", "input": web.url("/good")},
        {"op": "info", "input": "http://169.254.169.254/latest/meta-data"},
    )
    ended = done(job)
    assert {error["variant"]: error["code"] for error in ended["errors"]} == {
        "info": "no_such_picture",
        "info-2": "not_a_picture",
        "info-3": "forbidden_address",
    }
    with Image.open(BytesIO(open_link(ended["variants"]["thumbnail"]["url"]))) as small:
        assert max(small.size) == 64

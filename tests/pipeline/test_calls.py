"""Tests of the HTTP API's responses and errors."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.ops.running import CATALOGUE
from tests.pipeline.api import ApiClient, open_link
from tests.pipeline.deployment import PROBES, Deployed
from tests.pipeline.shapes import is_error, is_job, is_task
from umbel_core.fused_lane import FUSED
from umbel_core.ids import new_job_id
from umbel_core.ledger import JobRecord

pytestmark = pytest.mark.engine

OPS = {*CATALOGUE, *(probe.stem for probe in PROBES.glob("*.py"))}


@pytest.fixture(scope="module")
def words(api: ApiClient, done: Callable[..., dict[str, Any]]) -> str:
    """Run a job of seven tasks, two of which fail; return its id."""
    good = [{"op": "slow", "input": f"word {index}", "params": {"seconds": 0}} for index in range(5)]
    bad = [{"op": "info", "input": f"inputs/nothing-{index}", "group": "bad"} for index in range(2)]
    job = api.run(*good, *bad, name="words")
    assert done(job)["status"] == "failed"
    return job


@pytest.fixture(scope="module")
def picture(upload: Callable[[str, bytes], None], job_for: Callable[[str], JobRecord], photos: dict[str, bytes]) -> str:
    """Upload a picture; return its job's id."""
    upload("uploads/rocket.jpg", photos["rocket.jpg"])
    return job_for("uploads/rocket.jpg").id


def test_health_is_open_and_names_every_op(deployed: Deployed) -> None:
    answer = ApiClient(deployed.stack.api, None).get("/health")
    assert (answer.status, answer.body["status"]) == (200, "ok")
    assert set(answer.body["ops"]) == OPS | {FUSED}


def test_a_request_that_is_sent_twice_with_one_key_is_one_job(
    api: ApiClient, done: Callable[..., dict[str, Any]]
) -> None:
    key, body = {"Idempotency-Key": new_job_id()}, {"tasks": [{"op": "upper", "input": "once"}]}
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda _: api.post("/jobs", body, **key), range(4)))
    assert sorted(answer.status for answer in answers) == [200, 200, 200, 202]
    (job,) = {answer.body["job_id"] for answer in answers}
    assert done(job)["counts"]["completed"] == 1
    assert api.post("/jobs", body, **key).body == {"job_id": job, "status": "completed"}
    refused = api.post("/jobs", {"tasks": [{"op": "upper", "input": "twice"}]}, **key)
    assert (refused.status, refused.body["error"]["code"]) == (409, "idempotency_key_reused")


def test_the_catalogue_has_schemas_and_the_lanes_state(api: ApiClient) -> None:
    ops = {op["name"]: op for op in api.get("/ops").body["ops"]}
    assert set(ops) == OPS
    for op in ops.values():
        assert {"name", "summary", "takes", "returns", "input", "params", "concurrency", "state"} <= set(op)
        assert op["params"]["type"] == "object"
        assert op["state"] == "ready"
        assert op["concurrency"] > 0


def test_a_get_right_after_the_202_finds_the_job(api: ApiClient) -> None:
    job = api.run({"op": "slow", "input": "at once"})
    answer = api.get(f"/jobs/{job}")
    assert answer.status == 200
    assert answer.body["status"] in ("pending", "running", "completed")


def test_a_job_has_the_counts_and_errors_of_its_tasks(api: ApiClient, words: str) -> None:
    job = api.get(f"/jobs/{words}").body
    assert is_job(job)
    assert (job["kind"], job["name"], job["status"]) == ("manifest", "words", "failed")
    assert job["counts"] == {"total": 7, "completed": 5, "failed": 2, "skipped": 0}
    assert [error["code"] for error in job["errors"]] == ["no_such_picture"] * 2
    assert job["cost_usd"] > 0


def test_tasks_are_listed_in_order_and_in_pages(api: ApiClient, words: str) -> None:
    pages, cursor = [], ""
    while True:
        page = api.get(f"/jobs/{words}/tasks?limit=3{cursor}").body
        assert set(page) == {"tasks", "cursor"}
        pages.append(page["tasks"])
        if page["cursor"] is None:
            break
        cursor = f"&cursor={page['cursor']}"
    tasks = [task for page in pages for task in page]
    assert all(map(is_task, tasks))
    assert [len(page) for page in pages if page] == [3, 3, 1]
    assert [task["input"] for task in tasks][:5] == [f"word {index}" for index in range(5)]
    assert [task["result"] for task in tasks][:5] == [f"{index} drow" for index in range(5)]
    assert {task["group"] for task in tasks} == {None, "bad"}
    assert all(task["id"].startswith(words) for task in tasks)


def test_tasks_can_be_filtered_by_status(api: ApiClient, words: str) -> None:
    failed = api.get(f"/jobs/{words}/tasks?status=failed").body["tasks"]
    assert [task["status"] for task in failed] == ["failed", "failed"]
    assert all(task["error"]["code"] == "no_such_picture" and task["result"] is None for task in failed)
    assert len(api.get(f"/jobs/{words}/tasks?status=completed").body["tasks"]) == 5


def test_jobs_are_listed_newest_first_and_in_pages(api: ApiClient, words: str, picture: str) -> None:
    first = api.get("/jobs?limit=2").body
    assert set(first) == {"jobs", "cursor"}
    second = api.get(f"/jobs?limit=2&cursor={first['cursor']}").body
    jobs = [*first["jobs"], *second["jobs"]]
    assert all(map(is_job, jobs))
    assert len({job["id"] for job in jobs}) == 4
    assert [job["created_at"] for job in jobs] == sorted((job["created_at"] for job in jobs), reverse=True)


def test_a_download_from_a_job_with_several_results_needs_the_variant(api: ApiClient, picture: str) -> None:
    answer = api.get(f"/jobs/{picture}/download")
    assert answer.status == 400
    assert is_error(answer.body, "which_variant")
    chosen = api.get(f"/jobs/{picture}/download?variant=blur")
    assert chosen.status == 302
    assert open_link(chosen.headers["Location"]).startswith(b"\xff\xd8")


@pytest.mark.parametrize("path", ["/jobs/{}/download?variant=thumbnail&redirect=0", "/images/{}/thumbnail?redirect=0"])
def test_a_result_is_returned_as_bytes_with_redirect_0(
    path: str, api: ApiClient, deployed: Deployed, picture: str
) -> None:
    answer = api.get(path.format(picture))
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/jpeg")
    assert answer.body == deployed.result(f"{picture}/thumbnail.jpg")


@pytest.mark.parametrize("path", ["/jobs?source=nope", "/health?full=1", "/images/{}/thumbnail?redirect=no"])
def test_an_unknown_query_parameter_is_refused(path: str, api: ApiClient, picture: str) -> None:
    answer = api.get(path.format(picture))
    assert answer.status == 400
    assert is_error(answer.body, "invalid_query")
    assert answer.body["error"]["path"] == "/" + path.partition("?")[2].partition("=")[0]


def test_the_openapi_document_is_served(api: ApiClient) -> None:
    document = api.get("/openapi.json").body
    assert document["openapi"].startswith("3.1")
    assert "thumbnail" in document["components"]["schemas"]["ImageRequest"]["properties"]["operation"]["enum"]


@pytest.mark.usefixtures("picture")
def test_a_jobs_only_result_is_downloaded_without_a_variant(
    api: ApiClient, deployed: Deployed, done: Callable[..., Any]
) -> None:
    job = api.run({"op": "thumbnail", "input": "uploads/rocket.jpg", "params": {"format": "png"}})
    assert done(job)["errors"] == []
    answer = api.get(f"/jobs/{job}/download")
    assert answer.status == 302
    assert open_link(answer.headers["Location"]) == deployed.result(f"{job}/thumbnail.png")


def test_the_url_of_an_image_redirects_to_its_bytes(api: ApiClient, deployed: Deployed, picture: str) -> None:
    answer = api.get(f"/images/{picture}/grayscale")
    assert answer.status == 302
    assert open_link(answer.headers["Location"]) == deployed.result(f"{picture}/grayscale.jpg")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/jobs/j00000000000000000000", 404, "no_such_job"),
        ("GET", "/nothing/here", 404, "not_found"),
        ("GET", "/jobs/j00000000000000000000/download", 404, "no_such_job"),
        ("DELETE", "/jobs/j00000000000000000000", 404, "no_such_job"),
        ("GET", "/images/j00000000000000000000/blur", 404, "no_result"),
        ("GET", "/jobs?limit=0", 400, "invalid_limit"),
        ("GET", "/images?limit=0", 400, "invalid_limit"),
        ("GET", "/jobs?limit=many", 400, "invalid_limit"),
        ("GET", "/jobs?cursor=nonsense", 400, "invalid_cursor"),
        ("PUT", "/ops/emboss", 404, "no_such_op"),
        ("POST", "/ops/emboss/redrive", 404, "no_such_op"),
    ],
)
def test_an_unknown_resource_or_value_is_an_error_with_a_sentence(
    api: ApiClient, method: str, path: str, status: int, code: str
) -> None:
    answer = api.call(method, path, {"concurrency": 1} if method == "PUT" else None)
    assert answer.status == status, answer
    assert is_error(answer.body, code)


def test_the_error_for_a_body_that_is_too_large_names_post_uploads(api: ApiClient) -> None:
    answer = api.post("/jobs", {"image_data": "A" * 6_000_000, "operation": "thumbnail"})
    assert answer.status == 413
    assert is_error(answer.body, "too_large")
    assert "POST /uploads" in answer.body["error"]["message"]


@pytest.mark.parametrize("concurrency", [-1, 1001, "two", None, 1.5])
def test_an_invalid_concurrency_is_refused(api: ApiClient, concurrency: object) -> None:
    answer = api.put("/ops/slow", {"concurrency": concurrency})
    assert answer.status == 400
    assert is_error(answer.body, "invalid_body")


def test_an_ended_job_cannot_be_cancelled(api: ApiClient, words: str) -> None:
    answer = api.call("DELETE", f"/jobs/{words}")
    assert answer.status == 409
    assert is_error(answer.body, "already_ended")


def test_a_cancelled_job_skips_tasks_that_have_not_started(api: ApiClient, done: Callable[..., dict[str, Any]]) -> None:
    job = api.run(*({"op": "slow", "input": "later", "params": {"seconds": 1}} for _ in range(12)))
    assert api.call("DELETE", f"/jobs/{job}").status == 202
    ended = done(job)
    assert ended["status"] == "cancelled"


def test_a_retry_runs_failed_tasks_again(
    api: ApiClient, deployed: Deployed, photos: dict[str, bytes], done: Callable[..., dict[str, Any]]
) -> None:
    late = {"Bucket": deployed.stack.uploads_bucket, "Key": "inputs/late.jpg"}
    deployed.client("s3").delete_object(**late)
    job = api.run({"op": "info", "input": late["Key"]}, {"op": "slow", "input": "fine", "params": {"seconds": 0}})
    assert done(job)["counts"]["failed"] == 1
    deployed.client("s3").put_object(**late, Body=photos["cat.jpg"])
    assert api.post(f"/jobs/{job}/retry").status == 202
    ended = done(job, "completed")
    assert ended["counts"] == {"total": 2, "completed": 2, "failed": 0, "skipped": 0}
    assert ended["errors"] == []

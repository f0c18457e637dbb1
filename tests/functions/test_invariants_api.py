"""The HTTP API answers each error with the status of its code, and only allowed pages may read its answers."""

from typing import Any

import pytest

from api.app import routes
from api.routing import Route
from tests.functions.gateway import ORIGINS, Gateway
from umbel_core.clock import now
from umbel_core.contract.errors import ERRORS
from umbel_core.contract.limits import MAX_REQUEST_BYTES
from umbel_core.ledger import JobRecord, TaskRecord

JOB = "j" + "0" * 20
SAY = {"op": "say", "input": "hi"}
FILE: dict[str, Any] = {"filename": "cat.jpg", "content_type": "image/jpeg", "size": 9}


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Gateway:
    return Gateway(monkeypatch)


def keep_job(gateway: Gateway, result: Any = None, **fields: Any) -> None:
    """Put a job with one completed task into the ledger."""
    moment = now()
    given: dict[str, Any] = {"kind": "image", "status": "completed", "total": 1, "completed": 1, **fields}
    job = JobRecord(id=JOB, name="n", created_at=moment, updated_at=moment, planned=True, **given)
    task = TaskRecord(
        job_id=JOB, index=0, op="soft", variant="soft", input="k", queued_at=moment, status="completed", result=result
    )
    gateway.stage.ledger.plan(job, [task])


@pytest.mark.parametrize(
    ("method", "resource", "body", "status", "code", "path"),
    [
        ("POST", "/jobs", "{", 400, "invalid_json", None),
        ("POST", "/jobs", {"tasks": []}, 400, "invalid_manifest", "/tasks"),
        ("POST", "/jobs", {"tasks": [{"op": "no", "input": 1}]}, 400, "unknown_op", "/tasks/0/op"),
        ("POST", "/jobs", {"tasks": [SAY] * 4}, 413, "too_many_tasks", "/tasks"),
        ("POST", "/jobs", {"tasks": [{**SAY, "params": {"times": 0}}]}, 400, "invalid_params", "/tasks/0/params/times"),
        ("POST", "/jobs", " " * (MAX_REQUEST_BYTES + 1), 413, "too_large", None),
        ("POST", "/batches", {"count": 2, "visits": [{"store_id": "a", "image_url": ["http://a/"]}]}, 400, None, None),
        ("POST", "/crawls", {"urls": []}, 400, "invalid_manifest", "/urls"),
        ("POST", "/tasks", {"type": "soft", "payload": "x"}, 400, "unknown_type", "/type"),
        ("POST", "/tasks", {"type": "say", "payload": 3}, 400, "invalid_payload", "/payload"),
        ("POST", "/uploads", {**FILE, "size": 1025}, 413, "too_large", "/size"),
        ("POST", "/uploads", {**FILE, "size": int("9" * 310)}, 400, "invalid_json", "/size"),
        ("POST", "/jobs", {"tasks": [{"op": "say", "input": [1, int("9" * 4000)]}]}, 400, None, "/tasks/0/input/1"),
        ("POST", "/uploads", {**FILE, "size": 0}, 400, "empty_file", "/size"),
        ("POST", "/uploads", {**FILE, "content_type": "image/svg+xml"}, 415, "unsupported_format", "/content_type"),
        ("POST", "/uploads", {**FILE, "recipe": "no"}, 400, "unknown_recipe", "/recipe"),
        ("POST", "/uploads", {**FILE, "name": "x"}, 400, "invalid_body", "/name"),
        ("GET", "/jobs/{job_id}", None, 404, "no_such_job", None),
        ("DELETE", "/jobs/{job_id}", None, 404, "no_such_job", None),
        ("POST", "/jobs/{job_id}/retry", None, 404, "no_such_job", None),
        ("GET", "/jobs/{job_id}/tasks", None, 404, "no_such_job", None),
        ("GET", "/jobs/{job_id}/download", None, 404, "no_such_job", None),
        ("PUT", "/jobs", None, 405, "method_not_allowed", None),
    ],
)
def test_every_refusal_has_the_status_of_its_code_and_says_where(
    gateway: Gateway, method: str, resource: str, body: Any, status: int, code: str | None, path: str | None
) -> None:
    parameters = {"job_id": JOB} if "{job_id}" in resource else {}
    answer = gateway.call(method, resource, body, **parameters)
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/json"
    assert ERRORS[answer.code].status == status
    if code:
        assert (answer.code, answer.body["error"].get("path")) == (code, path)
    assert not gateway.stage.uploads.objects
    assert gateway.stage.ledger.jobs(1, None) == ([], None)


def test_a_body_of_the_largest_size_is_read(gateway: Gateway) -> None:
    answer = gateway.call("POST", "/jobs", " " * MAX_REQUEST_BYTES)
    assert (answer.status, answer.code) == (400, "invalid_json")


@pytest.mark.parametrize(
    ("method", "resource", "fields", "code"),
    [
        ("DELETE", "/jobs/{job_id}", {}, "already_ended"),
        ("POST", "/jobs/{job_id}/retry", {}, "conflict"),
        ("POST", "/jobs/{job_id}/retry", {"status": "running", "completed": 0}, "conflict"),
    ],
)
def test_a_job_in_the_wrong_status_is_a_conflict(
    gateway: Gateway, method: str, resource: str, fields: dict[str, Any], code: str
) -> None:
    keep_job(gateway, **fields)
    answer = gateway.call(method, resource, job_id=JOB)
    assert (answer.status, answer.code) == (409, code)


@pytest.mark.parametrize(
    ("resource", "query", "code"),
    [
        ("/jobs", {"limit": "0"}, "invalid_limit"),
        ("/jobs", {"status": "done"}, "invalid_status"),
        ("/jobs", {"kind": "done"}, "invalid_kind"),
        ("/jobs", {"colour": "red"}, "invalid_query"),
        ("/me", {"colour": "red"}, "invalid_query"),
    ],
)
def test_a_wrong_query_is_refused(gateway: Gateway, resource: str, query: dict[str, str], code: str) -> None:
    answer = gateway.call("GET", resource, query=query)
    assert (answer.status, answer.code, answer.body["error"]["path"]) == (400, code, f"/{next(iter(query))}")


def test_a_cursor_of_no_list_is_refused(gateway: Gateway) -> None:
    answer = gateway.call("GET", "/jobs", query={"cursor": "nonsense"})
    assert (answer.status, answer.code, answer.body["error"]["path"]) == (400, "invalid_cursor", "/cursor")


def test_an_accepted_job_is_answered_with_202_and_found_at_once(gateway: Gateway) -> None:
    answer = gateway.call("POST", "/jobs", {"tasks": [SAY], "name": "n"})
    assert (answer.status, answer.body["status"]) == (202, "pending")
    shown = gateway.call("GET", "/jobs/{job_id}", job_id=answer.body["job_id"])
    assert (shown.status, shown.body["name"], shown.body["kind"]) == (200, "n", "manifest")
    listed = gateway.call("GET", "/jobs", query={"limit": "1", "kind": "manifest"})
    assert [job["id"] for job in listed.body["jobs"]] == [answer.body["job_id"]]


def test_a_single_task_is_shown_before_it_is_planned(gateway: Gateway) -> None:
    answer = gateway.call("POST", "/tasks", {"type": "say", "payload": "hi"})
    assert answer.status == 202
    shown = gateway.call("GET", "/tasks/{task_id}", task_id=answer.body["id"])
    assert (shown.status, shown.body["status"], shown.body["payload"]) == (200, "pending", "hi")
    assert gateway.call("GET", "/tasks/{task_id}", task_id=f"{answer.body['id']}.1").code == "no_such_task"
    assert gateway.call("GET", "/tasks/{task_id}", task_id="x").status == 404


def test_a_cancelled_job_is_answered_with_202(gateway: Gateway) -> None:
    keep_job(gateway, status="running", completed=0)
    answer = gateway.call("DELETE", "/jobs/{job_id}", job_id=JOB)
    assert (answer.status, answer.body) == (202, {"job_id": JOB, "status": "cancelled"})
    assert JOB in gateway.stage.ledger.cancelled([JOB])


def test_a_result_is_a_redirect_or_its_bytes(gateway: Gateway) -> None:
    key = f"{JOB}/soft.png"
    gateway.stage.results.put(key, b"pixels", "image/png")
    keep_job(gateway, {"key": key, "content_type": "image/png", "bytes": 6})
    redirect = gateway.call("GET", "/jobs/{job_id}/download", job_id=JOB)
    assert (redirect.status, redirect.headers["Location"]) == (302, f"https://results.example/{key}")
    file = gateway.call("GET", "/jobs/{job_id}/download", query={"redirect": "0"}, job_id=JOB)
    assert (file.status, file.body, file.headers["Content-Type"]) == (200, "cGl4ZWxz", "image/png")
    assert file.headers["Content-Disposition"] == 'inline; filename="soft.png"'
    missing = gateway.call("GET", "/jobs/{job_id}/download", query={"variant": "no"}, job_id=JOB)
    assert (missing.status, missing.code) == (404, "no_result")


def test_a_result_that_no_answer_can_carry_is_refused(gateway: Gateway) -> None:
    keep_job(gateway, {"key": "k", "content_type": "image/png", "bytes": 4_400_001})
    answer = gateway.call("GET", "/jobs/{job_id}/download", query={"redirect": "0"}, job_id=JOB)
    assert (answer.status, answer.code) == (413, "result_too_large")
    assert gateway.call("GET", "/jobs/{job_id}/download", job_id=JOB).status == 302


@pytest.mark.parametrize(
    ("named", "sent"),
    [
        *((name, "image/jpeg") for name in ("image/jpeg", "IMAGE/JPEG", "Image/Jpg", "image/pjpeg", "image/jfif")),
        *((name, "image/jpeg") for name in ("image/jpeg; charset=binary", " image/jpeg ;q=1;x", "image/jpeg;")),
        *((name, "image/png") for name in ("image/x-png", "image/apng", "image/vnd.mozilla.apng")),
        *((name, "image/tiff") for name in ("image/tif", "image/x-tiff")),
        *((name, "image/bmp") for name in ("image/x-bmp", "image/x-ms-bmp", "image/x-windows-bmp")),
        *((name, "application/octet-stream") for name in ("binary/octet-stream", "application/octet-stream", "", ";")),
    ],
)
def test_a_content_type_may_be_written_by_any_of_its_names(gateway: Gateway, named: str, sent: str) -> None:
    answer = gateway.call("POST", "/uploads", {**FILE, "content_type": named})
    assert answer.status == 201
    assert answer.body["fields"]["Content-Type"] == sent


def test_a_content_type_may_be_missing(gateway: Gateway) -> None:
    answer = gateway.call("POST", "/uploads", {name: FILE[name] for name in ("filename", "size")})
    assert answer.status == 201
    assert answer.body["fields"]["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("my cat (1).jpg", "my cat (1).jpg"),
        ("../../x/cat.jpg", "cat.jpg"),
        ("C:\\x\\cat.jpg", "cat.jpg"),
        ("/", "picture"),
    ],
)
def test_an_uploads_key_has_the_job_and_the_last_part_of_the_name(gateway: Gateway, filename: str, name: str) -> None:
    answer = gateway.call("POST", "/uploads", {**FILE, "filename": filename, "recipe": "hero"})
    job_id = answer.body["job_id"]
    assert answer.body["fields"]["key"] == f"uploads/hero/{job_id}/{name}"
    job = gateway.stage.ledger.job(job_id)
    assert job
    assert (job.name, job.source, job.recipe, job.kind) == (name, answer.body["fields"]["key"], "hero", "upload")


def test_a_key_has_no_character_that_tools_do_not_take(gateway: Gateway) -> None:
    answer = gateway.call("POST", "/uploads", {**FILE, "filename": 'a"b<c>\n' + "x" * 200})
    assert answer.body["fields"]["key"].rpartition("/")[2] == "x" * 120
    assert gateway.call("POST", "/uploads", {**FILE, "filename": 'a"b.jpg'}).body["fields"]["key"].endswith("/a_b.jpg")


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        *((origin, origin) for origin in ORIGINS),
        ("https://evil.example", ORIGINS[0]),
        ("https://page.example.evil.example", ORIGINS[0]),
        ("null", ORIGINS[0]),
        ("", ORIGINS[0]),
        (",".join(ORIGINS), ORIGINS[0]),
    ],
)
@pytest.mark.parametrize("resource", ["/me", "/jobs/{job_id}"])
def test_only_the_pages_of_the_deployment_may_read_an_answer(
    gateway: Gateway, origin: str, allowed: str, resource: str
) -> None:
    parameters = {"job_id": JOB} if "{job_id}" in resource else {}
    answer = gateway.call("GET", resource, headers={"Origin": origin}, **parameters)
    assert answer.headers["Access-Control-Allow-Origin"] == allowed
    assert answer.headers["Vary"] == "Origin"


def test_answers_are_not_cached_and_their_type_is_not_guessed(gateway: Gateway) -> None:
    answer = gateway.call("GET", "/me", role="viewer")
    assert (answer.status, answer.body) == (200, {"role": "viewer"})
    assert (answer.headers["Cache-Control"], answer.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")


def test_an_error_of_ours_is_a_500_in_the_contracts_form_without_details(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: str) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(gateway.stage.ledger, "job", fail)
    answer = gateway.call("GET", "/jobs/{job_id}", job_id=JOB)
    assert (answer.status, answer.code) == (500, "internal_error")
    assert "secret" not in str(answer.body)


@pytest.mark.parametrize("route", routes.all, ids=lambda route: f"{route.method} {route.path}")
@pytest.mark.parametrize("role", ["", "nobody"])
def test_every_route_but_the_open_ones_refuses_a_request_without_a_role(
    gateway: Gateway, route: Route, role: str
) -> None:
    names = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    body = None if route.method == "GET" else "{}"
    answer = gateway.call(route.method, route.path, body, role=role, **dict.fromkeys(names, JOB))
    if route.is_open:
        assert answer.status != 401
    else:
        assert (answer.status, answer.code) == (401, "unauthorized")


@pytest.mark.parametrize(
    "route", [route for route in routes.all if route.method != "GET"], ids=lambda route: route.path
)
def test_a_viewer_changes_nothing(gateway: Gateway, route: Route) -> None:
    names = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    answer = gateway.call(route.method, route.path, "{}", role="viewer", **dict.fromkeys(names, JOB))
    assert (answer.status, answer.code) == (403, "forbidden")

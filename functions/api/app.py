"""HTTP -> uploads bucket and ledger: every route of the API. infra builds the REST API from these routes."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from chalice.app import Chalice, Request, Response

from api import health as health_
from api import images as images_
from api import jobs as jobs_
from api import ops as ops_
from api import prometheus
from api import stats as stats_
from api import tasks as tasks_
from api import uploads as uploads_
from api.answers import contract_form, route
from umbel_core.errors import Rejected
from umbel_core.settings import megabytes
from umbel_core.validation import convert

_MOST_BYTES = 6_000_000
"""What Lambda takes in one request; a local engine takes more, and what runs there is to run on AWS."""
_COUNT = re.compile(r"0*[1-9][0-9]{0,8}")

app = Chalice(app_name="umbel", configure_logs=False)
app.register_middleware(contract_form, "http")


@route(app, "/health", "GET", open_to_all=True)
def health() -> dict[str, Any]:
    return health_.health()


@route(app, "/me", "GET")
def get_me() -> dict[str, str]:
    """Who asks, as the authorizer knows them: a page need not offer what would be refused."""
    return {"role": _request().context["authorizer"]["role"]}


@route(app, "/uploads", "POST")
def post_upload() -> Response:
    return Response(uploads_.announce(_body(uploads_.UploadRequest)), status_code=201)


@route(app, "/jobs", "POST")
def post_job() -> Response:
    return Response(jobs_.submit(_raw()), status_code=202)


@route(app, "/jobs", "GET")
def get_jobs() -> dict[str, Any]:
    return jobs_.listing(_limit(50), _query("cursor"), _query("status"), _query("kind"))


@route(app, "/jobs/{job}", "GET")
def get_job(job: str) -> dict[str, Any]:
    return jobs_.show(job)


@route(app, "/jobs/{job}", "DELETE")
def delete_job(job: str) -> Response:
    return Response(jobs_.cancel(job), status_code=202)


@route(app, "/jobs/{job}/retry", "POST")
def retry_job(job: str) -> Response:
    return Response(jobs_.retry(job), status_code=202)


@route(app, "/jobs/{job}/tasks", "GET")
def get_tasks(job: str) -> dict[str, Any]:
    return jobs_.tasks(job, _limit(100), _query("cursor"), _query("status"))


@route(app, "/jobs/{job}/download", "GET")
def download(job: str) -> Response:
    return _found(jobs_.download(job, _query("variant")))


@route(app, "/batches", "POST")
def post_batch() -> Response:
    return Response(jobs_.submit(_raw(), "batch"), status_code=202)


@route(app, "/crawls", "POST")
def post_crawl() -> Response:
    return Response(jobs_.submit(_raw(), "crawl"), status_code=202)


@route(app, "/tasks", "POST")
def post_task() -> Response:
    return Response(tasks_.submit(_raw()), status_code=202)


@route(app, "/tasks/{task}", "GET")
def get_task(task: str) -> dict[str, Any]:
    return tasks_.show(task)


@route(app, "/images", "GET")
def get_images() -> dict[str, Any]:
    return images_.images(_limit(images_.MOST))


@route(app, "/images/{job}/{variant}", "GET")
def get_image(job: str, variant: str) -> Response:
    return _found(images_.image(job, variant))


@route(app, "/ops", "GET")
def get_ops() -> dict[str, Any]:
    return ops_.ops()


@route(app, "/ops/{op}", "PUT")
def put_op(op: str) -> dict[str, Any]:
    return ops_.scale(op, _body(ops_.Scale))


@route(app, "/ops/{op}/redrive", "POST")
def redrive_op(op: str) -> Response:
    return Response(ops_.redrive(op), status_code=202)


@route(app, "/stats", "GET")
def get_stats() -> dict[str, Any]:
    return stats_.stats()


@route(app, "/metrics", "GET")
def get_metrics() -> Response:
    return Response(stats_.metrics(), headers={"Content-Type": prometheus.CONTENT_TYPE})


def _request() -> Request:
    assert app.current_request is not None, "views run inside a request"
    return app.current_request


def _raw() -> bytes:
    body = _request().raw_body
    if len(body) > _MOST_BYTES:
        raise Rejected(
            "too_large",
            f"The request has {megabytes(len(body))}; at most {megabytes(_MOST_BYTES)} are taken. "
            "Send a large picture by POST /uploads, a large manifest to jobs/ in the uploads bucket.",
        )
    return body.encode() if isinstance(body, str) else body


def _found(address: str) -> Response:
    return Response("", status_code=302, headers={"Location": address})


def _query(name: str) -> str | None:
    given: Mapping[str, str] = _request().query_params or {}
    return given.get(name)


def _limit(default: int) -> int:
    given = _query("limit")
    if given is None:
        return default
    if not _COUNT.fullmatch(given):
        raise Rejected("invalid_limit", "'limit' is a whole number from 1 up.")
    return int(given)


def _body(kind: type[Any]) -> Any:
    try:
        document = msgspec.json.decode(_raw())
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Rejected("invalid_json", f"$: not JSON: {error}") from error
    return convert(document, kind, "invalid_body")

"""HTTP -> uploads bucket and ledger: every route of the API. infra builds the REST API from these routes."""

from collections.abc import Callable
from logging import Logger
from pathlib import Path
from typing import Annotated, Literal, cast

import msgspec
from chalice.app import Chalice
from msgspec import Meta

from api import health as health_
from api import images as images_
from api import jobs as jobs_
from api import ops as ops_
from api import prometheus
from api import stats as stats_
from api import tasks as tasks_
from api import uploads as uploads_
from api.idempotency import NewJob
from api.routing import File, Redirect, Routes, Text, contract_form, logger
from umbel_core import contract
from umbel_core.contract import JobKind, JobStatus, TaskStatus
from umbel_core.contract.responses import Cursor
from umbel_core.submission import BODIES, BodyForm

Limit = Annotated[int, Meta(ge=1, description="At most so many")]
Flag = Annotated[Literal["0", "1"], Meta(description="`0`: answer with the file's bytes instead of a redirect")]

app = Chalice(app_name="umbel", configure_logs=False)
# `File` says by itself that it is binary, whatever the request accepts.
app.api.binary_types = []
# Chalice logs what a view raises; its own logger has no JSON.
app.log = cast("Logger", logger)
app.register_middleware(contract_form, "http")
routes = Routes(app)
route = routes.route


class JobsQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which jobs."""

    limit: Annotated[int, Meta(ge=1, description="At most so many; 200 are the most of one page")] = 50
    cursor: Cursor | None = None
    status: JobStatus | None = None
    kind: JobKind | None = None


class TasksQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which tasks of a job."""

    limit: Annotated[int, Meta(ge=1, description="At most so many; 200 are the most of one page")] = 100
    cursor: Cursor | None = None
    status: TaskStatus | None = None


class DownloadQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which result, and how."""

    variant: Annotated[str, Meta(description="Name of the result; needed when the job has several")] | None = None
    redirect: Flag = "1"


class ImageQuery(msgspec.Struct, forbid_unknown_fields=True):
    """How a result is answered."""

    redirect: Flag = "1"


class ImagesQuery(msgspec.Struct, forbid_unknown_fields=True):
    """How many jobs."""

    limit: Annotated[int, Meta(ge=1, description="At most so many jobs; 300 are the most")] = images_.MOST


@route("GET", "/health", is_open=True)
def get_health() -> contract.Health:
    """Say whether every deployed op can work.

    Looked up once in five seconds at most. The status is `degraded` when any op is.
    """
    return health_.health()


@route("GET", "/openapi.json", is_open=True)
def get_openapi() -> Text:
    """Return this OpenAPI document."""
    return Text((Path(__file__).parent.parent / "openapi.json").read_text(encoding="utf-8"), "application/json")


@route("GET", "/me")
def get_me() -> contract.Me:
    """Return the token's role, so that a page can hide what this token may not do."""
    assert app.current_request is not None, "views run inside a request"
    return contract.Me(role=app.current_request.context["authorizer"]["role"])


@route(
    "POST",
    "/uploads",
    status=201,
    errors=("empty_file", "too_large", "unsupported_format", "unknown_recipe"),
)
def post_upload(body: contract.UploadRequest, new_job: NewJob) -> contract.UploadTicket:
    """Get a presigned POST for one picture.

    The job is in the ledger at once, as pending; its tasks start when the file has arrived. If none arrives, the job
    leaves the ledger after two hours.
    """
    return uploads_.request_upload(body, new_job)


@route(
    "POST",
    "/jobs",
    status=202,
    accepts=tuple(form.request for form in BODIES.values()),
    errors=jobs_.SUBMIT_ERRORS,
)
def post_job(body: bytes, new_job: NewJob) -> contract.Accepted:
    """Start a job: a manifest of tasks, one op on a picture inside the request, or the body of any call below."""
    return jobs_.submit(body, new_job)


@route("GET", "/jobs", errors=("invalid_limit", "invalid_status", "invalid_kind", "invalid_cursor"))
def get_jobs(query: JobsQuery) -> contract.JobPage:
    """List jobs, newest first."""
    return jobs_.listing(query.limit, query.cursor, query.status, query.kind)


@route("GET", "/jobs/{job_id}", errors=("no_such_job",))
def get_job(job_id: str) -> contract.Job:
    """Get one job, with all its errors."""
    return jobs_.show(job_id)


@route("DELETE", "/jobs/{job_id}", status=202, errors=("no_such_job", "already_ended"))
def delete_job(job_id: str) -> contract.Accepted:
    """Cancel a job: running tasks end, the others are skipped."""
    return jobs_.cancel(job_id)


@route("POST", "/jobs/{job_id}/retry", status=202, errors=("no_such_job", "conflict"))
def retry_job(job_id: str) -> contract.Accepted:
    """Run the failed and skipped tasks of a job again."""
    return jobs_.retry(job_id)


@route("GET", "/jobs/{job_id}/tasks", errors=("no_such_job", "invalid_limit", "invalid_status", "invalid_cursor"))
def get_tasks(job_id: str, query: TasksQuery) -> contract.TaskPage:
    """List a job's tasks, in the order of its request."""
    return jobs_.tasks(job_id, query.limit, query.cursor, query.status)


@route(
    "GET",
    "/jobs/{job_id}/download",
    status=302,
    errors=("no_such_job", "no_result", "which_variant", "result_too_large"),
)
def download(job_id: str, query: DownloadQuery) -> Redirect | File:
    """Get a job's result: the only one, or the variant asked for."""
    return jobs_.download(job_id, query.variant, redirect=query.redirect == "1")


def _start_of(kind: JobKind, form: BodyForm) -> Callable[[bytes, NewJob], contract.Accepted]:
    def start(body: bytes, new_job: NewJob) -> contract.Accepted:
        return jobs_.submit(body, new_job, kind)

    start.__name__, start.__doc__ = f"post_{kind}", form.summary
    return start


for kind, form in BODIES.items():
    if form.path:
        start = _start_of(kind, form)
        route("POST", form.path, status=202, accepts=(form.request,), errors=jobs_.SUBMIT_ERRORS)(start)


@route(
    "POST",
    "/tasks",
    status=202,
    accepts=(contract.TaskRequest,),
    errors=jobs_.SUBMIT_ERRORS,
)
def post_task(body: bytes, new_job: NewJob) -> contract.TaskAccepted:
    """Start a single task on an input inside the request."""
    return tasks_.submit(body, new_job)


@route("GET", "/tasks/{task_id}", errors=("no_such_task",))
def get_task(task_id: str) -> contract.SingleTask:
    """Get a single task, from the moment that it was accepted."""
    return tasks_.show(task_id)


@route("GET", "/images", errors=("invalid_limit",))
def get_images(query: ImagesQuery) -> dict[str, dict[str, str]]:
    """List variants of the newest jobs: job id -> variant -> URL that opens it for an hour at most."""
    return images_.images(query.limit)


@route("GET", "/images/{job_id}/{variant}", status=302, errors=("no_result", "result_too_large"))
def get_image(job_id: str, variant: str, query: ImageQuery) -> Redirect | File:
    """Get one variant of a picture."""
    return images_.image(job_id, variant, redirect=query.redirect == "1")


@route("GET", "/ops")
def get_ops() -> contract.OpList:
    """List the deployed ops: what each takes, its parameters, and its lane as it is now."""
    return ops_.ops()


@route("PUT", "/ops/{op}", errors=("no_such_op", "invalid_concurrency", "being_changed", "account_limit"))
def put_op(op: str, body: contract.ScaleRequest) -> contract.LaneSetting:
    """Set how many of an op may run at a time; 0 pauses it, and its messages wait."""
    return ops_.scale(op, body)


@route("POST", "/ops/{op}/redrive", status=202, errors=("no_such_op",))
def redrive_op(op: str) -> contract.Redriven:
    """Send the dead letters of an op again; with `intake`, those of jobs that could not be planned."""
    return ops_.redrive(op)


@route("GET", "/stats")
def get_stats() -> contract.Stats:
    """Get statistics of all ops, looked up once in two seconds at most."""
    return stats_.stats()


@route("GET", "/metrics")
def get_metrics() -> Text:
    """Get the same for Prometheus, as text."""
    return Text(stats_.metrics(), prometheus.CONTENT_TYPE)

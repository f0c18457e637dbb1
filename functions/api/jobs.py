"""Jobs: submitted through the uploads bucket, read from the ledger."""

from collections.abc import Callable
from itertools import islice
from typing import Any, TypeVar

import msgspec

from api.idempotency import NewJob
from api.results import result_file
from api.routing import File, Redirect, fits_into_answer
from api.silent_jobs import silent_tasks
from api.wiring import intake, ledger, results, submitter
from umbel_core import contract
from umbel_core.clock import now
from umbel_core.contract import Accepted, JobKind, JobPage, JobStatus, TaskPage, TaskStatus
from umbel_core.errors import Rejected
from umbel_core.ledger import ErrorRecord, JobRecord
from umbel_core.messages import RepublishTasks, RetryTasks
from umbel_core.views import job_view, task_view

_LARGEST_PAGE = 200
_MOST_ERRORS = 2000
"""What fits into one answer of a Lambda."""
SUBMIT_ERRORS = (
    *("invalid_json", "invalid_manifest", "invalid_params", "invalid_input", "invalid_image_data"),
    *("unknown_op", "mixed_group", "count_mismatch", "unknown_type", "invalid_payload"),
    *("empty_file", "too_large", "too_many_tasks", "input_too_large"),
)
Page = TypeVar("Page", bound=msgspec.Struct)


def submit(body: bytes, new_job: NewJob, kind: JobKind | None = None) -> Accepted:
    """Start the job that a body asks for, or return the one that it started before."""
    job = submitter().submit(body, kind, new_job.id, new_job.trace_id)
    if new_job.repeated:
        job = ledger().job(job.id) or job
    return Accepted(job_id=job.id, status=job.status)


def listing(limit: int, cursor: str | None, status: JobStatus | None, kind: JobKind | None) -> JobPage:
    """Return a page of jobs, newest first."""

    def page(limit: int) -> JobPage:
        found, after = ledger().jobs(limit, cursor, status, kind)
        return JobPage(jobs=[job_view(job, results().link) for job in found], cursor=after)

    return _fitting(limit, page)


def show(job_id: str) -> contract.Job:
    """Return one job with all its errors: its record keeps only the first ones."""
    found = _job(job_id)
    if found.failed > len(found.errors):
        failed = islice(ledger().all_tasks(job_id, "failed"), _MOST_ERRORS)
        found.errors = [ErrorRecord.of_task(task) for task in failed]
    return job_view(found, results().link)


def tasks(job_id: str, limit: int, cursor: str | None, status: TaskStatus | None) -> TaskPage:
    """Return a page of a job's tasks in order."""
    _job(job_id)

    def page(limit: int) -> TaskPage:
        found, after = ledger().tasks(job_id, status, limit, cursor)
        return TaskPage(tasks=[task_view(task, results().link) for task in found], cursor=after)

    return _fitting(limit, page)


def download(job_id: str, variant: str | None, *, redirect: bool) -> Redirect | File:
    """Return a job's result: the only one, or the variant asked for."""
    found = {task.variant: task.result for task in ledger().all_tasks(_job(job_id).id) if _has_file(task.result)}
    if variant is None and len(found) == 1:
        return result_file(next(iter(found.values())), redirect=redirect)
    if variant is None and found:
        raise Rejected(
            "which_variant",
            f"The job has {len(found)} results; say ?variant= with one of {', '.join(found)}.",
            ("variant",),
        )
    if variant not in found:
        raise Rejected(
            "no_result", f"The job has no result '{variant}'." if variant else "The job has no result to download."
        )
    return result_file(found[variant], redirect=redirect)


def cancel(job_id: str) -> Accepted:
    """Cancel a job: running tasks end, the others are skipped."""
    found = _job(job_id)
    if found.ended:
        raise Rejected("already_ended", f"The job is {found.status} already.")
    ledger().cancel(job_id)
    return Accepted(job_id=job_id, status="cancelled")


def retry(job_id: str) -> Accepted:
    """Run the failed and skipped tasks again; of a cancelled job also those that are not skipped yet.

    The job is pending from here on, so that nobody takes its earlier end for its end, and it can be cancelled. Of tasks
    that are pending although their lanes are empty, the messages are sent again.
    """
    found = _job(job_id)
    lost = silent_tasks(found)
    for command in RepublishTasks.several(job_id, lost, now(), found.trace_id):
        intake().retry(command)
    if lost and not found.failed + found.skipped:
        return Accepted(job_id=job_id, status=found.status)
    if not (found.failed + found.skipped or (found.status == "cancelled" and found.completed < found.total)):
        raise Rejected("conflict", "No task of this job failed or was skipped; there is nothing to run again.")
    ledger().resume(job_id)
    intake().retry(RetryTasks(job_id, waiting=found.status == "cancelled", trace_id=found.trace_id))
    return Accepted(job_id=job_id, status="pending")


def _fitting(limit: int, page: Callable[[int], Page]) -> Page:
    """A page of `limit` records, or of half as many until it fits into one answer."""
    limit = min(limit, _LARGEST_PAGE)
    while not fits_into_answer(answer := page(limit)) and limit > 1:
        limit //= 2
    return answer


def _job(job_id: str) -> JobRecord:
    found = ledger().job(job_id)
    if found is None:
        raise Rejected("no_such_job", f"There is no job '{job_id}'.")
    return found


def _has_file(result: Any) -> bool:
    return isinstance(result, dict) and "key" in result

"""Jobs: submitted through the uploads bucket, read from the ledger."""

import json
from collections.abc import Callable
from itertools import islice
from typing import Any, get_args

from api.wiring import intake, ledger, results, submitter
from umbel_core.errors import Rejected
from umbel_core.ledger import ErrorRecord, Job, JobStatus, Kind, TaskStatus
from umbel_core.messages import RetryTasks
from umbel_core.views import job_view, task_view

_LARGEST_PAGE = 200
_MOST_ERRORS = 2000
"""What fits into one answer of a Lambda."""
_ANSWER_BYTES = 6_000_000
"""What a Lambda may answer, in which the body is a text inside a document: its quotes and backslashes count twice."""


def submit(body: bytes, kind: Kind | None = None) -> dict[str, Any]:
    """Start the job that a body asks for."""
    job = submitter().submit(body, kind)
    return {"job_id": job.id, "status": job.status}


def listing(limit: int, cursor: str | None, status: str | None, kind: str | None) -> dict[str, Any]:
    """A page of jobs, newest first."""
    _check_word("status", status, JobStatus)
    _check_word("kind", kind, Kind)

    def page(limit: int) -> dict[str, Any]:
        found, after = ledger().jobs(limit, cursor, status, kind)
        return {"jobs": [job_view(job, results().link) for job in found], "cursor": after}

    return _fitting(limit, page)


def show(job: str) -> dict[str, Any]:
    """One job, with all its faults: its record keeps some of many."""
    found = _job(job)
    if found.failed > len(found.errors):
        found.errors = [ErrorRecord.of_task(task) for task in islice(ledger().all_tasks(job, "failed"), _MOST_ERRORS)]
    return job_view(found, results().link)


def tasks(job: str, limit: int, cursor: str | None, status: str | None) -> dict[str, Any]:
    """A page of a job's tasks in order."""
    _check_word("status", status, TaskStatus)
    _job(job)

    def page(limit: int) -> dict[str, Any]:
        found, after = ledger().tasks(job, status, limit, cursor)
        return {"tasks": [task_view(task, results().link) for task in found], "cursor": after}

    return _fitting(limit, page)


def download(job: str, variant: str | None) -> str:
    """The address of a job's result: the only one, or the variant asked for."""
    found = {task.variant: task.result for task in ledger().all_tasks(_job(job).id) if _has_file(task.result)}
    if variant is None and len(found) == 1:
        return results().link(next(iter(found.values()))["key"])
    if variant is None and found:
        raise Rejected(
            "which_variant", f"The job has {len(found)} results; say ?variant= with one of {', '.join(found)}."
        )
    if variant not in found:
        raise Rejected(
            "no_result", f"The job has no result '{variant}'." if variant else "The job has no result to download."
        )
    return results().link(found[variant]["key"])


def cancel(job: str) -> dict[str, Any]:
    """Stop a job: what is in flight ends, the rest is skipped."""
    found = _job(job)
    if found.ended:
        raise Rejected("already_ended", f"The job is {found.status} already.")
    ledger().cancel(job)
    return {"job_id": job, "status": "cancelled"}


def retry(job: str) -> dict[str, Any]:
    """Run again what failed or was skipped; of a cancelled job also what is still to be skipped.

    It is pending from here on: whoever looks does not take the end before for the end, and may cancel it.
    """
    found = _job(job)
    if not (found.failed + found.skipped or (found.status == "cancelled" and found.completed < found.total)):
        raise Rejected("conflict", "No task of this job failed or was skipped; there is nothing to run again.")
    ledger().resume(job)
    intake().retry(RetryTasks(job, waiting=found.status == "cancelled"))
    return {"job_id": job, "status": "pending"}


def _fitting(limit: int, page: Callable[[int], dict[str, Any]]) -> dict[str, Any]:
    """A page of as many as asked for, or of half as many, until it fits into one answer."""
    limit = min(limit, _LARGEST_PAGE)
    while len(json.dumps(json.dumps(answer := page(limit)))) > _ANSWER_BYTES and limit > 1:
        limit //= 2
    return answer


def _job(job: str) -> Job:
    found = ledger().job(job)
    if found is None:
        raise Rejected("no_such_job", f"There is no job '{job}'.")
    return found


def _check_word(name: str, given: str | None, words: Any) -> None:
    if given is not None and given not in get_args(words):
        raise Rejected(f"invalid_{name}", f"'{name}' is one of {', '.join(get_args(words))}.")


def _has_file(result: Any) -> bool:
    return isinstance(result, dict) and "key" in result

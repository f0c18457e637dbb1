"""Records of the ledger as structs of the wire contract: the API, the sockets and the relay send these."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET

from umbel_core import contract
from umbel_core.ledger import ENDED, ErrorRecord, Event, JobRecord, TaskRecord
from umbel_core.messages import BULK

UrlFor = Callable[[str], str]
"""Makes a URL that opens a result for a while, from the result's key."""


def job_view(job: JobRecord, url_for: UrlFor, *, variants: bool = True) -> contract.Job:
    """Return a job as the contract shows it; without `variants` for a socket message."""
    requested = job.asked.params if job.asked else {}
    return contract.Job(
        id=job.id,
        kind=job.kind,
        name=job.name,
        recipe=job.recipe,
        source=job.source,
        width=requested.get("width", UNSET),
        height=requested.get("height", UNSET),
        priority="bulk" if job.priority == BULK else UNSET,
        max_in_flight=UNSET if job.max_in_flight is None else job.max_in_flight,
        status=job.status,
        counts=contract.Counts(total=job.total, completed=job.completed, failed=job.failed, skipped=job.skipped),
        created_at=job.created_at,
        updated_at=job.updated_at,
        errors=[_job_error(job, error) for error in job.errors],
        cost_usd=job.cost_nano / 1e9,
        version=job.version,
        variants={name: _variant(kept, url_for) for name, kept in job.variants.items()} if variants else UNSET,
    )


def _job_error(job: JobRecord, error: ErrorRecord) -> contract.JobError:
    """A batch's errors name the store."""
    of_store = job.kind == "batch" and error.group is not None
    return contract.JobError(
        code=error.code,
        message=error.message,
        path=_given(error.path),
        task=_given(error.task),
        variant=_given(error.variant),
        group=_given(error.group),
        store_id=_given(error.group) if of_store else UNSET,
        error=error.message if of_store else UNSET,
    )


def task_view(task: TaskRecord, url_for: UrlFor) -> contract.Task:
    """Return a task as the contract shows it."""
    return contract.Task(
        id=task.id,
        job_id=task.job_id,
        op=task.op,
        variant=task.variant,
        input=task.input,
        params=task.params,
        group=task.group,
        visit_time=_given(task.visit_time),
        status=task.status,
        result=_with_url(task.result, url_for),
        error=error_view(task.error) if task.error else None,
        attempts=task.attempts,
        retrying=_retrying(task),
        queued_at=task.queued_at,
        started_at=task.started_at,
        finished_at=task.finished_at,
        duration_ms=task.duration_ms,
        worker=task.worker,
        version=task.version,
    )


def _retrying(task: TaskRecord) -> str | msgspec.UnsetType:
    return UNSET if task.status in ENDED else _given(task.last_error)


def single_task_view(id: str, task: TaskRecord, url_for: UrlFor) -> contract.SingleTask:  # noqa: A002 - the contract's word
    """Return a task that was sent by itself, as `GET /tasks/{id}` shows it."""
    return contract.SingleTask(
        id=id,
        type=task.op,
        payload=task.input,
        result=_with_url(task.result, url_for),
        status=task.status,
        timestamp_created=task.queued_at,
        timestamp_completed=task.finished_at,
        error=error_view(task.error) if task.error else UNSET,
    )


def error_view(error: ErrorRecord) -> contract.Error:
    """Return an error of the ledger as the contract shows it."""
    return contract.Error(code=error.code, message=error.message, path=_given(error.path))


def event_view(event: Event) -> contract.SystemEvent:
    """Return an event of the ledger as the contract shows it."""
    return contract.SystemEvent(
        id=event.id,
        at=event.at,
        kind=event.kind,
        message=event.message,
        op=_given(event.op),
        host=_given(event.host),
    )


def variant_of(task: TaskRecord) -> dict[str, Any]:
    """Return what a job of few tasks keeps of one of them, as the ledger stores it."""
    kept: dict[str, Any] = {"op": task.op, "status": task.status, "version": task.version}
    if task.duration_ms is not None:
        kept["duration_ms"] = task.duration_ms
    if isinstance(task.result, dict) and "key" in task.result:
        kept |= task.result
    if task.error:
        kept["error"] = {"code": task.error.code, "message": task.error.message}
    return kept


def _variant(kept: dict[str, Any], url_for: UrlFor) -> contract.Variant:
    return msgspec.convert(_with_url(kept, url_for), contract.Variant)


def _with_url(result: Any, url_for: UrlFor) -> Any:
    if isinstance(result, dict) and "key" in result:
        return {**result, "url": url_for(result["key"])}
    return result


def _given(value: str | None) -> str | msgspec.UnsetType:
    return UNSET if value is None else value

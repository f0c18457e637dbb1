"""Jobs and tasks as the contract shows them; the API, the sockets and the relay all answer with these."""

from collections.abc import Callable
from typing import Any

import msgspec

from umbel_core.ledger import ErrorRecord, Job, Task

UrlFor = Callable[[str], str]
"""Makes a result's key into an address that a browser can open for a while."""


def job_view(job: Job, url_for: UrlFor, *, variants: bool = True) -> dict[str, Any]:
    """A job: `{id, kind, name, status, counts, created_at, updated_at, errors, cost_usd, variants, …}`."""
    shown = {"variants": {name: _with_url(kept, url_for) for name, kept in job.variants.items()}} if variants else {}
    return {
        "id": job.id,
        "kind": job.kind,
        "name": job.name,
        "recipe": job.recipe,
        "source": job.source,
        "status": job.status,
        "counts": {"total": job.total, "completed": job.completed, "failed": job.failed, "skipped": job.skipped},
        "created_at": job.created_at,
        "updated_at": job.updated_at,
        "errors": [_error_view(job, error) for error in job.errors],
        "cost_usd": job.cost_nano / 1e9,
        "version": job.version,
        **shown,
    }


def _error_view(job: Job, error: ErrorRecord) -> dict[str, Any]:
    """A batch's faults are told by store."""
    view: dict[str, Any] = msgspec.to_builtins(error)
    return {"store_id": error.group, "error": error.message, **view} if job.kind == "batch" and error.group else view


def task_view(task: Task, url_for: UrlFor) -> dict[str, Any]:
    """A task: `{id, op, input, params, group, status, result, error, attempts, queued_at, …}`."""
    return {
        "id": task.id,
        "job_id": task.job_id,
        "op": task.op,
        "variant": task.variant,
        "input": task.input,
        "params": task.params,
        "group": task.group,
        "status": task.status,
        "result": _with_url(task.result, url_for),
        "error": msgspec.to_builtins(task.error),
        "attempts": task.attempts,
        "queued_at": task.queued_at,
        "started_at": task.started_at,
        "finished_at": task.finished_at,
        "duration_ms": task.duration_ms,
        "worker": task.worker,
        "version": task.version,
    }


def variant_of(task: Task) -> dict[str, Any]:
    """What a job keeps of one of its few tasks."""
    kept: dict[str, Any] = {"op": task.op, "status": task.status, "version": task.version}
    if task.duration_ms is not None:
        kept["duration_ms"] = task.duration_ms
    if isinstance(task.result, dict) and "key" in task.result:
        kept |= task.result
    if task.error:
        kept["error"] = {"code": task.error.code, "message": task.error.message}
    return kept


def _with_url(result: Any, url_for: UrlFor) -> Any:
    if isinstance(result, dict) and "key" in result:
        return {**result, "url": url_for(result["key"])}
    return result

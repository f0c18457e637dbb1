"""The contract's shapes, key by key. Adding is fine; renaming is not."""

from datetime import datetime
from typing import Any

ENDED = ("completed", "failed", "cancelled")
_JOB = {"id", "kind", "status", "counts", "created_at", "updated_at", "errors", "cost_usd"}
_TASK = {
    *("id", "op", "input", "params", "group", "status", "result", "error", "attempts"),
    *("queued_at", "started_at", "finished_at", "duration_ms"),
}


def is_job(job: dict[str, Any]) -> bool:
    """A job as the contract shows it."""
    assert set(job) >= _JOB
    assert set(job["counts"]) == {"total", "completed", "failed", "skipped"}
    assert all(isinstance(count, int) for count in job["counts"].values())
    assert job["status"] in ("pending", "running", *ENDED)
    assert moment(job["created_at"]) <= moment(job["updated_at"])
    assert isinstance(job["cost_usd"], int | float)
    assert all({"code", "message"} <= set(error) for error in job["errors"])
    return True


def is_task(task: dict[str, Any]) -> bool:
    """A task as the contract shows it."""
    assert set(task) >= _TASK
    assert task["status"] in ("pending", "running", "completed", "failed", "skipped")
    if task["finished_at"] and task["started_at"]:
        assert moment(task["queued_at"]) <= moment(task["started_at"]) <= moment(task["finished_at"])
    return True


def is_error(body: Any, code: str) -> bool:
    """An error as the contract shows it, with a sentence for people."""
    assert set(body) == {"error"}
    assert {"code", "message"} <= set(body["error"]) <= {"code", "message", "path"}
    assert body["error"]["code"] == code
    assert len(body["error"]["message"]) > 15
    return True


def moment(text: str) -> datetime:
    """A time as the contract writes it."""
    assert text.endswith("Z")
    return datetime.fromisoformat(text)

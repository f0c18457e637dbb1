"""Check the keys of the API's records. A new key is allowed; a renamed or missing key is an error."""

from datetime import datetime
from typing import Any

ENDED = ("completed", "failed", "cancelled")
_JOB = {"id", "kind", "status", "counts", "created_at", "updated_at", "errors", "cost_usd"}
_TASK = {
    *("id", "op", "input", "params", "group", "status", "result", "error", "attempts"),
    *("queued_at", "started_at", "finished_at", "duration_ms"),
}


def is_job(job: dict[str, Any]) -> bool:
    """Check a job; return True, so that it can be asserted."""
    assert set(job) >= _JOB
    assert set(job["counts"]) == {"total", "completed", "failed", "skipped"}
    assert all(isinstance(count, int) for count in job["counts"].values())
    assert job["status"] in ("pending", "running", *ENDED)
    assert parse_time(job["created_at"]) <= parse_time(job["updated_at"])
    assert isinstance(job["cost_usd"], int | float)
    assert all({"code", "message"} <= set(error) for error in job["errors"])
    return True


def is_task(task: dict[str, Any]) -> bool:
    """Check a task; return True, so that it can be asserted."""
    assert set(task) >= _TASK
    assert task["status"] in ("pending", "running", "completed", "failed", "skipped")
    if task["finished_at"] and task["started_at"]:
        assert parse_time(task["queued_at"]) <= parse_time(task["started_at"]) <= parse_time(task["finished_at"])
    return True


def is_error(body: Any, code: str) -> bool:
    """Check an error response with this code; return True, so that it can be asserted."""
    assert set(body) == {"error"}
    assert {"code", "message"} <= set(body["error"]) <= {"code", "message", "path"}
    assert body["error"].get("path", "/").startswith("/")
    assert body["error"]["code"] == code
    assert len(body["error"]["message"]) > 15
    return True


def parse_time(text: str) -> datetime:
    """Parse a timestamp of the API, which is in UTC."""
    assert text.endswith("Z")
    return datetime.fromisoformat(text)

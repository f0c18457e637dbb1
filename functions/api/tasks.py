"""Tasks on their own: one op on something that travels inside the request."""

from typing import Any

import msgspec

from api.wiring import catalogue, ledger, limits, submitter, uploads
from umbel_core.errors import Rejected
from umbel_core.ids import split_task_id
from umbel_core.ledger import Job, Task
from umbel_core.submission import read_submission


def submit(body: bytes) -> dict[str, str]:
    """Start a task; its id is its job's, so every call on jobs takes it too."""
    return {"id": submitter().submit(body, "task").id}


def show(task: str) -> dict[str, Any]:
    """A task's record, from the moment that it was accepted."""
    place = split_task_id(task)
    job = ledger().job(place[0]) if place else None
    if place is None or job is None:
        raise Rejected("no_such_task", f"There is no task '{task}'.")
    found = ledger().task(*place) or (_announced(job) if place[1] == 0 and not job.planned else None)
    if found is None:
        raise Rejected("no_such_task", f"There is no task '{task}'.")
    return _view(task, found)


def _announced(job: Job) -> Task | None:
    """A task that the coordinator has not come to yet, as its manifest has it."""
    if job.kind != "task" or job.source is None:
        return None
    (spec,) = read_submission(uploads().read(job.source, ""), catalogue(), limits(), "task").specs
    return Task(job_id=job.id, index=0, op=spec.op, variant=spec.op, input=spec.input, queued_at=job.created_at)


def _view(id: str, task: Task) -> dict[str, Any]:  # noqa: A002 - the contract's word
    record = {
        "id": id,
        "type": task.op,
        "payload": task.input,
        "result": task.result,
        "status": task.status,
        "timestamp_created": task.queued_at,
        "timestamp_completed": task.finished_at,
    }
    return record if task.error is None else {**record, "error": msgspec.to_builtins(task.error)}

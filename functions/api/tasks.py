"""Single tasks: one op on a value inside the request."""

from api.idempotency import NewJob
from api.wiring import catalogue, ledger, limits, results, submitter, uploads
from umbel_core.contract import SingleTask, TaskAccepted
from umbel_core.errors import Rejected
from umbel_core.ids import split_task_id
from umbel_core.ledger import JobRecord, TaskRecord
from umbel_core.submission import read_submission
from umbel_core.views import single_task_view


def submit(body: bytes, new_job: NewJob) -> TaskAccepted:
    """Start a task. Its id is its job's id, so that every call on jobs takes it too."""
    return TaskAccepted(id=submitter().submit(body, "task", new_job.id, new_job.trace_id).id)


def show(task_id: str) -> SingleTask:
    """Return a task, from the moment that it was accepted."""
    place = split_task_id(task_id)
    job = ledger().job(place[0]) if place else None
    if place is None or job is None:
        raise Rejected("no_such_task", f"There is no task '{task_id}'.")
    found = ledger().task(*place) or (_unplanned(job) if place[1] == 0 and not job.planned else None)
    if found is None:
        raise Rejected("no_such_task", f"There is no task '{task_id}'.")
    return single_task_view(task_id, found, results().link)


def _unplanned(job: JobRecord) -> TaskRecord | None:
    """Return a task that the coordinator has not planned yet, read from its manifest."""
    if job.kind != "task" or job.source is None:
        return None
    (spec,) = read_submission(uploads().read(job.source), catalogue(), limits(), "task").specs
    return TaskRecord(job_id=job.id, index=0, op=spec.op, variant=spec.op, input=spec.input, queued_at=job.created_at)

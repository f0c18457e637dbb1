"""Counts from changes, exactly once: the arithmetic of the relay, free of any store."""

from collections.abc import Sequence

import msgspec

from umbel_core.clock import now
from umbel_core.contract.limits import KEPT_VARIANTS
from umbel_core.contract.records import JobStatus, TaskStatus
from umbel_core.ledger import ENDED, KEPT_ERRORS, ErrorRecord, Job, Task
from umbel_core.views import variant_of


class TaskChange(msgspec.Struct, frozen=True):
    """One record of the ledger's stream: a task went from `old` to `task.status`, at `sequence`."""

    sequence: str
    old: TaskStatus
    task: Task


def uncounted(job: Job, changes: Sequence[TaskChange]) -> list[TaskChange]:
    """Those changes that are not in the job's counts yet, in their order.

    A stream repeats what it has sent, but it never reorders one job's records: whatever is not after `folded_to` is in.
    """
    return sorted((change for change in changes if change.sequence > job.folded_to), key=lambda change: change.sequence)


def fold(job: Job, changes: Sequence[TaskChange]) -> Job | None:
    """The job with these changes counted; None when all of them had been counted before."""
    fresh = uncounted(job, changes)
    if not fresh:
        return None
    counts = {"completed": job.completed, "failed": job.failed, "skipped": job.skipped}
    errors = list(job.errors)
    variants = dict(job.variants)
    cost = job.cost_nano
    for change in fresh:
        task = change.task
        if job.total <= KEPT_VARIANTS:
            variants[task.variant] = variant_of(task)
        if change.old == task.status:
            continue
        if change.old in ENDED:
            counts[change.old] -= 1
            errors = [error for error in errors if error.task != task.id]
        if task.status in ENDED:
            counts[task.status] += 1
            cost += task.cost_nano
            if task.status == "failed" and task.error and len(errors) < KEPT_ERRORS:
                errors.append(ErrorRecord.of_task(task))
    folded = msgspec.structs.replace(
        job,
        **counts,
        errors=errors,
        variants=variants,
        cost_nano=cost,
        folded_to=fresh[-1].sequence,
        updated_at=now(),
        version=job.version + 1,
    )
    folded.status = _status(folded)
    return folded


def recount(job: Job, tasks: Sequence[Task]) -> Job:
    """The job with counts made of its tasks alone, whatever it had counted."""
    blank = msgspec.structs.replace(job, completed=0, failed=0, skipped=0, errors=[], variants={}, folded_to="")
    changes = [TaskChange(job.folded_to or "0", "pending", task) for task in tasks]
    counted = fold(msgspec.structs.replace(blank, cost_nano=0), changes) or blank
    return msgspec.structs.replace(counted, cost_nano=max(job.cost_nano, counted.cost_nano))


def _status(job: Job) -> JobStatus:
    if job.status == "cancelled":
        return "cancelled"
    if job.completed + job.failed + job.skipped < job.total:
        return "running"
    return "completed" if job.completed == job.total else "failed"

"""Adds task changes to the counts of their job, each exactly once. Pure functions, without any storage."""

from collections.abc import Sequence

import msgspec

from umbel_core.clock import now
from umbel_core.contract.limits import KEPT_VARIANTS
from umbel_core.contract.records import JobStatus, TaskStatus
from umbel_core.cost import plan_cost_nano
from umbel_core.in_flight import held_by, members, named, take_next
from umbel_core.ledger import ENDED, KEPT_ERRORS, ErrorRecord, JobRecord, TaskRecord
from umbel_core.views import variant_of

RECOUNTED = "0"
"""The sequence number of a job that was counted without the stream; every real one is greater."""


class TaskChange(msgspec.Struct, frozen=True):
    """A record of the ledger's stream: a task went from status `old` to `task.status`, at `sequence`."""

    sequence: str
    old: TaskStatus
    task: TaskRecord
    old_cost_nano: int = 0
    started_over: bool = False
    """The task is in a later round than before: its earlier message does not count any more."""


def uncounted(job: JobRecord, changes: Sequence[TaskChange]) -> list[TaskChange]:
    """Return the changes that are not in the job's counts yet, in order.

    A stream may repeat records, but it never reorders those of one job: the counts include all records up to
    `folded_to`.
    """
    return sorted((change for change in changes if change.sequence > job.folded_to), key=lambda change: change.sequence)


def fold(job: JobRecord, changes: Sequence[TaskChange], cost_nano: int = 0) -> JobRecord | None:
    """Return the job with these changes counted, or None when all of them were counted before.

    `cost_nano` is what it costs to count them. Of a job with `max_in_flight`, the next tasks are taken.
    """
    counted = _counted(job, changes, cost_nano)
    return counted and take_next(counted)


def _counted(job: JobRecord, changes: Sequence[TaskChange], cost_nano: int = 0) -> JobRecord | None:
    fresh = uncounted(job, changes)
    if not fresh:
        return None
    counts = {"completed": job.completed, "failed": job.failed, "skipped": job.skipped}
    errors = list(job.errors)
    variants = dict(job.variants)
    cost = job.cost_nano + cost_nano
    held, sending = members(job.held), members(job.sending)
    for change in fresh:
        task = change.task
        if job.total <= KEPT_VARIANTS:
            variants[task.variant] = variant_of(task)
        # Before, a retried task started at 0 again.
        cost += max(0, task.cost_nano - change.old_cost_nano)
        if task.status in ENDED:
            held.discard(task.index)
        elif change.started_over and job.max_in_flight:
            held.add(task.index)
            sending.discard(task.index)
        if change.old == task.status:
            continue
        if change.old in ENDED:
            counts[change.old] -= 1
            errors = [error for error in errors if error.task != task.id]
        if task.status in ENDED:
            counts[task.status] += 1
            if task.status == "failed" and task.error and len(errors) < KEPT_ERRORS:
                errors.append(ErrorRecord.of_task(task))
    folded = msgspec.structs.replace(
        job,
        **counts,
        errors=errors,
        variants=variants,
        cost_nano=cost,
        held=named(held) if job.max_in_flight else "",
        sending=named(sending),
        folded_to=fresh[-1].sequence,
        updated_at=now(),
        version=job.version + 1,
    )
    folded.status = _status(folded)
    return folded


def recount(job: JobRecord, tasks: Sequence[TaskRecord]) -> JobRecord:
    """Return the job with its counts made from its tasks alone, whatever it had counted before. No tasks are taken.

    The cost never shrinks: what it cost to count the tasks is known to the job alone.
    """
    blank = msgspec.structs.replace(job, completed=0, failed=0, skipped=0, errors=[], variants={}, folded_to="")
    changes = [TaskChange(job.folded_to or RECOUNTED, "pending", task) for task in tasks]
    counted = _counted(msgspec.structs.replace(blank, cost_nano=plan_cost_nano(job.total)), changes) or blank
    held = held_by(job, tasks) if job.max_in_flight else ""
    return msgspec.structs.replace(counted, held=held, cost_nano=max(job.cost_nano, counted.cost_nano))


def _status(job: JobRecord) -> JobStatus:
    if job.status == "cancelled":
        return "cancelled"
    if job.completed + job.failed + job.skipped < job.total:
        return "running"
    return "completed" if job.completed == job.total else "failed"

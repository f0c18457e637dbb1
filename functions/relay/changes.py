"""The stream's records as changes of tasks and jobs, and as events."""

from collections.abc import Iterable
from typing import Any

import msgspec

from umbel_core.aws.dynamo import UNREADABLE, record
from umbel_core.aws.keys import EVENT, JOB, TASK
from umbel_core.contract.limits import KEPT_VARIANTS
from umbel_core.fold import RECOUNTED, TaskChange
from umbel_core.ledger import Event, JobRecord, TaskRecord
from umbel_core.trace import trace_ids


class Changes(msgspec.Struct, frozen=True):
    """What one batch of the stream says."""

    tasks: list[TaskChange]
    jobs: list[JobRecord]
    """The newest record of each job that subscribers should hear of."""
    events: list[Event]
    unreadable: list[dict[str, Any]]
    """The records of the stream that are none of these, as they came."""

    @property
    def trace_ids(self) -> dict[str, str]:
        """The trace id of each job, by the job's id."""
        return trace_ids(self.jobs, (change.task for change in self.tasks))


def read_changes(records: Iterable[dict[str, Any]]) -> Changes:
    """Read a batch. Sequence numbers are padded so that they compare as text."""
    tasks: list[TaskChange] = []
    events: list[Event] = []
    jobs: dict[str, JobRecord] = {}
    unreadable = []
    for entry in records:
        try:
            _read(entry, tasks, jobs, events)
        except UNREADABLE:
            unreadable.append(entry)
    return Changes(tasks, list(jobs.values()), events, unreadable)


def _read(entry: dict[str, Any], tasks: list[TaskChange], jobs: dict[str, JobRecord], events: list[Event]) -> None:
    change = entry["dynamodb"]
    if entry["eventName"] == "REMOVE":
        return
    old, new, key = change.get("OldImage"), change["NewImage"], change["Keys"]["sk"]["S"]
    if key == JOB:
        job = record(JobRecord, new)
        if job.id in jobs or not old or (not (_is_count(old, job) or _is_sending(old, job)) and _is_news(old, job)):
            jobs[job.id] = job
    elif key.startswith(TASK) and old:
        sequence = change["SequenceNumber"].zfill(40)
        cost = int(old["cost_nano"]["N"]) if "cost_nano" in old else 0
        task = record(TaskRecord, new)
        started_over = int(old["round"]["N"] if "round" in old else 0) < task.round
        tasks.append(TaskChange(sequence, old["status"]["S"], task, cost, started_over))
    elif key.startswith(EVENT):
        events.append(record(Event, new))


def _is_news(old: dict[str, Any], job: JobRecord) -> bool:
    return is_news(old["status"]["S"], job) or not old["planned"]["BOOL"]


def is_news(old: str, job: JobRecord) -> bool:
    """Return whether to send the job: a small one only if its status changes, as its task messages have the counts."""
    return job.total > KEPT_VARIANTS or old != job.status


def _is_sending(old: dict[str, Any], job: JobRecord) -> bool:
    """Return whether the coordinator wrote what the job sends next, which no subscriber sees."""
    before: str = old.get("sending", {}).get("S", "")
    return before != job.sending and old["status"]["S"] == job.status


def _is_count(old: dict[str, Any], job: JobRecord) -> bool:
    """Return whether the relay wrote the record. It has pushed it itself, together with the tasks that it counted."""
    before: str = old.get("folded_to", {}).get("S", "")
    return job.folded_to > max(before, RECOUNTED)

"""The stream's records as changes of tasks and jobs."""

from collections.abc import Iterable
from typing import Any

import msgspec

from umbel_core.aws.dynamo import record
from umbel_core.fold import TaskChange
from umbel_core.ledger import Job, Task


class Changes(msgspec.Struct, frozen=True):
    """What one batch of the stream says."""

    tasks: list[TaskChange]
    jobs: dict[str, Job]
    """The newest record of each job that somebody else than the relay wrote."""


def read_changes(records: Iterable[dict[str, Any]]) -> Changes:
    """Read a batch. Sequence numbers are padded so that they compare as text."""
    tasks = []
    jobs: dict[str, Job] = {}
    for entry in records:
        change = entry["dynamodb"]
        if entry["eventName"] == "REMOVE":
            continue
        new, key = change["NewImage"], change["Keys"]["sk"]["S"]
        if key == "JOB":
            job = record(Job, new)
            jobs[job.id] = job
        elif key.startswith("TASK#") and "OldImage" in change:
            old = record(Task, change["OldImage"])
            sequence = change["SequenceNumber"].zfill(40)
            tasks.append(TaskChange(sequence, old.status, record(Task, new)))
    return Changes(tasks, jobs)

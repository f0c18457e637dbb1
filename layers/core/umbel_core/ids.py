"""Names that machines give: job ids, task ids, keys of results. Nothing that a caller wrote enters a result's key."""

import hashlib
import re
import secrets

JOB_ID = re.compile(r"j[0-9a-f]{20}")
UPLOADS_PREFIX = "uploads/"
"""Pictures put below this prefix start their recipe."""
JOBS_PREFIX = "jobs/"
"""Manifests put below this prefix start their job."""
INPUTS_PREFIX = "inputs/"
"""Pictures that came inside a document under `jobs/`; no event is sent for them."""


def new_job_id() -> str:
    """An id for a job that a request starts."""
    return f"j{secrets.token_hex(10)}"


def job_id_of(bucket: str, key: str, sequencer: str) -> str:
    """The id of the job that one S3 event starts: the same however often the event comes."""
    return f"j{hashlib.sha256(f'{bucket}/{key}#{sequencer}'.encode()).hexdigest()[:20]}"


def task_id(job_id: str, index: int) -> str:
    """A task's public id: its job and its place in it."""
    return f"{job_id}.{index}"


def split_task_id(task: str) -> tuple[str, int] | None:
    """The job and the place that a task's id names, or None when it is no task's id."""
    job_id, _, index = task.partition(".")
    if not JOB_ID.fullmatch(job_id) or (index and not (index.isascii() and index.isdigit() and len(index) <= 6)):
        return None
    return job_id, int(index or 0)

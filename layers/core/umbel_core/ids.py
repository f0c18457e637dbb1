"""Ids of jobs and tasks, and the prefixes of the uploads bucket."""

import hashlib
import re
import secrets

JOB_ID = re.compile(r"j[0-9a-f]{20}")
UPLOADS_PREFIX = "uploads/"
"""A picture that is stored under this prefix starts a job with the variants of its recipe."""
JOBS_PREFIX = "jobs/"
"""A manifest that is stored under this prefix starts a job with its tasks."""
INPUTS_PREFIX = "inputs/"
"""Pictures that were sent inside a manifest are stored under this prefix; S3 sends no event for them."""


def new_job_id() -> str:
    """Return a new id, for a job that a request starts."""
    return f"j{secrets.token_hex(10)}"


def job_id_of(bucket: str, key: str, upload: str) -> str:
    """Return the id of the job that an S3 event starts; a repeated delivery of the event gives the same id.

    `upload` distinguishes the uploads to one key.
    """
    return f"j{hashlib.sha256(f'{bucket}/{key}#{upload}'.encode()).hexdigest()[:20]}"


def task_id(job_id: str, index: int) -> str:
    """Return a task's public id: its job and its index in it."""
    return f"{job_id}.{index}"


def split_task_id(task: str) -> tuple[str, int] | None:
    """Return the job id and index of a task id; a job id means its first task. None when it is neither."""
    job_id, _, index = task.partition(".")
    if not JOB_ID.fullmatch(job_id) or (index and not (index.isascii() and index.isdigit() and len(index) <= 6)):
        return None
    return job_id, int(index or 0)

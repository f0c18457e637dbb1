"""Trace ids: every log line that is about a job has its `job_id` and the `trace_id` of the request that started it.

The form is X-Ray's, so that the id also finds the trace in X-Ray when AWS made it.
"""

import re
from collections.abc import Iterable
from hashlib import sha256

from umbel_core.ledger import JobRecord, TaskRecord

_ROOT = re.compile(r"(?:^|;)Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;|\Z)")


def trace_id_of(job_id: str) -> str:
    """Return the trace id of a job for which AWS made none, the same at each attempt to plan it."""
    digest = sha256(job_id.encode()).hexdigest()
    return f"1-{digest[:8]}-{digest[8:32]}"


def trace_id_in(header: str | None) -> str:
    """Return the trace id in the header `X-Amzn-Trace-Id` or the attribute `AWSTraceHeader`; empty without one."""
    found = _ROOT.search(header or "")
    return found[1] if found else ""


def trace_ids(jobs: Iterable[JobRecord], tasks: Iterable[TaskRecord]) -> dict[str, str]:
    """Return the trace id of each of these jobs and of the jobs of these tasks, by the job's id."""
    return {task.job_id: task.trace_id for task in tasks} | {job.id: job.trace_id for job in jobs}

"""The messages between functions, named as commands. Unknown fields are refused."""

from typing import Any

import msgspec

ALL_JOBS = "*"
"""The topic of connections that subscribed to all jobs."""
STATS_TOPIC = "stats"
"""The topic of connections that subscribed to the stats. No job has this id."""
STORED_NAMES = {"job_id": "job"}
"""Field -> its name in records and messages. Those that an earlier version wrote must stay readable."""


class RunTask(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, rename=STORED_NAMES
):
    """Coordinator -> worker, through the op's lane: do this op on this input."""

    job_id: str
    index: int
    op: str
    variant: str
    input: Any
    params: dict[str, Any] = {}
    group: str | None = None
    etag: str | None = None
    """ETag of the picture; the task fails when a newer upload has replaced it."""
    after: int | None = None
    """Ordered ops: index of the task that must be completed first. When it fails, this one is skipped."""
    after_ended: bool = False
    """It is enough that the task before has ended in any way, because its failure stops no group."""
    stop_group: bool = False
    """Other ops: when this task fails, the tasks of its group that have not started are skipped."""
    round: int = 0
    """How often a retry started the task over. Outcomes of earlier rounds are refused."""
    republished: bool = False
    """True when an earlier message of this round may have been delivered: the worker asks the ledger first."""


class RetryTasks(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag="retry", rename=STORED_NAMES
):
    """API -> coordinator: start these tasks of a job over, or all that failed or were skipped."""

    job_id: str
    indices: list[int] | None = None
    waiting: bool = False
    """Start pending tasks over too: a worker may not know yet that the cancelled job was resumed, and skip them."""

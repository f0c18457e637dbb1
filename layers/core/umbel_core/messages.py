"""What crosses a hop: commands in the imperative, frozen, unknown fields forbidden."""

from typing import Any

import msgspec

ALL_JOBS = "*"
"""The topic of sockets that want to hear of every job."""
STATS_TOPIC = "stats"
"""The topic of sockets that want the numbers again and again. No job has such an id."""
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
    """Of the picture as it was uploaded; a newer upload under the same key must not answer for it."""
    after: int | None = None
    """Of an ordered op: index of the task that has to be completed first. When that one fails, this one is skipped."""
    stop_group: bool = False
    """Of any other op: when this task fails, those of its group that have not begun are skipped."""
    round: int = 0
    """How often the task was started over by a retry; an answer of an earlier round does not count."""


class RetryTasks(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag="retry", rename=STORED_NAMES
):
    """API -> coordinator: start these tasks of a job over, or all that failed or were skipped."""

    job_id: str
    indices: list[int] | None = None
    waiting: bool = False
    """Of a job that was cancelled: what waits starts over too, for a worker that knows no better may skip it yet."""

"""What crosses a hop: commands in the imperative, frozen, unknown fields forbidden."""

from typing import Any

import msgspec

ALL_JOBS = "*"
"""The topic of sockets that want to hear of every job."""
STATS_TOPIC = "stats"
"""The topic of sockets that want the numbers again and again. No job has such an id."""


class RunTask(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Coordinator -> worker, through the op's lane: do this op on this input."""

    job: str
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


class RetryTasks(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag="retry"):
    """API -> coordinator: start these tasks of a job over, or all that failed or were skipped."""

    job: str
    indices: list[int] | None = None
    waiting: bool = False
    """Of a job that was cancelled: what waits starts over too, for a worker that knows no better may skip it yet."""

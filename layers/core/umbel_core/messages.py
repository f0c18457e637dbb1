"""The messages between functions, named as commands. Unknown fields are refused."""

from collections.abc import Iterator
from typing import Any

import msgspec

from umbel_core.contract.requests import Priority

LIVE: Priority = "live"
BULK: Priority = "bulk"
ALL_JOBS = "*"
"""The topic of connections that subscribed to all jobs."""
MAX_TOPICS = 1000
"""How many topics one connection may subscribe to."""
STATS_TOPIC = "stats"
"""The topic of connections that subscribed to the stats. No job has this id."""
STORED_NAMES = {"job_id": "job"}
"""Field -> its name in records and messages. Those that an earlier version wrote must stay readable."""
_INDICES = 10_000
"""Of one message, which has 70 kB then."""


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
    """ETag of the picture; without `object_version`, the task fails when a newer upload has replaced it."""
    object_version: str | None = None
    """Version of the picture, which can be read after a newer upload has replaced it."""
    after: int | None = None
    """Ordered ops: index of the task that must be completed first. When it fails, this one is skipped."""
    after_ended: bool = False
    """It is enough that the task before has ended in any way, because its failure stops no group."""
    stop_group: bool = False
    """Other ops: when this task fails, the tasks of its group that have not started are skipped."""
    shared: bool = False
    """Any worker of the job that is free may run this task, although another group has its message."""
    deadline: int | None = None
    """Seconds since 1970. A task that has not started by then is skipped, unless it was retried."""
    round: int = 0
    """How often a retry started the task over. Outcomes of earlier rounds are refused."""
    priority: Priority = LIVE
    """Which of the lane's queues has the message."""
    fused: bool = False
    """The recipe wants all variants of the picture in one message, on the lane of fused recipes."""
    together: "list[RunTask]" = []
    """The other tasks that this message is for, all of the same job and fused."""
    publication: int = 0
    """How often the message was sent again because it seemed to be lost: the task may have ended before it arrives."""
    trace_id: str = ""
    planned_at: float | None = None
    """Seconds since 1970 at which the job was planned and was not cancelled; None for any later message of the task."""

    def is_late(self, moment: int) -> bool:
        """Return whether the job's deadline has passed. A task that was started over has none."""
        return self.deadline is not None and self.round == 0 and moment >= self.deadline

    @property
    def tasks(self) -> "list[RunTask]":
        """All tasks that this message is for."""
        return [self, *self.together]


class TaskTrace(msgspec.Struct, frozen=True, rename=STORED_NAMES):
    """The part of a task's message that says which one it is; the rest may be a secret."""

    job_id: str
    index: int
    trace_id: str = ""


class RetryTasks(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag="retry", rename=STORED_NAMES
):
    """API -> coordinator: start these tasks of a job over, or all that failed or were skipped."""

    job_id: str
    indices: list[int] | None = None
    waiting: bool = False
    """Start pending tasks over too: a worker may not know yet that the cancelled job was resumed, and skip them."""
    trace_id: str = ""


class RepublishTasks(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag="republish", rename=STORED_NAMES
):
    """Sweeper, API -> coordinator: send the messages of these tasks again, in their round; they seem to be lost."""

    job_id: str
    indices: list[int]
    before: str
    """A task that was published or started since has a message, and is left alone."""
    trace_id: str = ""

    @classmethod
    def several(cls, job_id: str, indices: list[int], before: str, trace_id: str = "") -> "Iterator[RepublishTasks]":
        """Yield the commands for all these tasks, none of them too large for SQS."""
        for start in range(0, len(indices), _INDICES):
            yield cls(job_id, indices[start : start + _INDICES], before, trace_id)


class ReleaseTasks(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag="release", rename=STORED_NAMES
):
    """Relay, sweeper -> coordinator: publish what a job with `max_in_flight` is sending, as its record says.

    Of a job that is cancelled, skip what it holds.
    """

    job_id: str
    trace_id: str = ""


JobCommand = RetryTasks | RepublishTasks | ReleaseTasks
"""What the coordinator is asked to do with the tasks of a job that exists."""

"""Messages of the WebSocket. What a client sends has an `action`; it receives lists of messages, each with a `type`."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from umbel_core.contract.records import Error, Job, JobId, SystemEvent, Task
from umbel_core.contract.requests import CrawlRequest
from umbel_core.contract.responses import Stats

Topic = Annotated[str, Meta(pattern="^(j[0-9a-f]{20}|[*])$", description="Id of a job, or `*` for all jobs")]


Subject = Annotated[str, Meta(min_length=1, description="Id of a job, or `*` for all jobs")]


class _Action(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="action"):
    """What a client asks for."""


class SubscribeAction(_Action, tag="subscribe", frozen=True, kw_only=True):
    """Send a snapshot of a job, or of the newest jobs, and then every change."""

    job: Subject


class UnsubscribeAction(_Action, tag="unsubscribe", frozen=True, kw_only=True):
    """Send no more changes of this job."""

    job: Subject


class CrawlAction(CrawlRequest, tag_field="action", tag="crawl", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Start a crawl, subscribed to, that is cancelled when the connection closes."""


class StatsAction(_Action, tag="stats", frozen=True, kw_only=True):
    """Send the statistics every five seconds."""

    stop: Annotated[bool, Meta(description="True: send them no more")] = False


class PingAction(_Action, tag="ping", frozen=True, kw_only=True):
    """Answer with a pong: keeps the connection open."""


SocketAction = SubscribeAction | UnsubscribeAction | CrawlAction | StatsAction | PingAction


class _Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """What the server sends."""


class SnapshotMessage(_Message, tag="snapshot", frozen=True, kw_only=True):
    """What was known when the subscription began; a long one comes in several messages of the same topic."""

    topic: Topic
    job: Annotated[Job, Meta(description="The job that is the topic")] | UnsetType = UNSET
    tasks: Annotated[list[Task], Meta(description="Its first tasks")] | UnsetType = UNSET
    more: Annotated[bool, Meta(description="There are more tasks than the snapshot has")] | UnsetType = UNSET
    jobs: Annotated[list[Job], Meta(description="Of the topic `*`: the newest jobs")] | UnsetType = UNSET


class JobMessage(_Message, tag="job", frozen=True, kw_only=True):
    """A job changed. It comes without `variants`: the tasks' own messages bring them."""

    job: Job


class TaskMessage(_Message, tag="task", frozen=True, kw_only=True):
    """A task changed."""

    job_id: JobId
    task: Task


class StatsMessage(_Message, tag="stats", frozen=True, kw_only=True):
    """The statistics now."""

    stats: Stats


class SystemMessage(_Message, tag="system", frozen=True, kw_only=True):
    """Something happened to the deployment; sent to subscribers of `*`."""

    event: SystemEvent


class ErrorMessage(_Message, tag="error", frozen=True, kw_only=True):
    """The last action was refused."""

    error: Error


class PongMessage(_Message, tag="pong", frozen=True, kw_only=True):
    """The answer to a ping."""


ServerMessage = SnapshotMessage | JobMessage | TaskMessage | StatsMessage | SystemMessage | ErrorMessage | PongMessage
"""A connection receives lists of these."""

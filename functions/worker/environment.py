"""The environment of the worker of one op."""

import msgspec

from umbel_core.fused_lane import FusedLane
from umbel_core.settings import Limits


class WorkerEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """Read by `umbel_core.environment.parse`."""

    op: str
    deployment: str = "umbel"
    """Names the deployment in the metrics."""
    uploads_bucket: str
    results_bucket: str
    ledger_table: str
    lane_queue_url: str
    dead_queue_url: str
    """The lane's dead-letter queue."""
    fused: FusedLane | None = None
    """What the lane of fused recipes has."""
    limits: Limits

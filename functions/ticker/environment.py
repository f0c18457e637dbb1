"""The environment of the ticker."""

import msgspec

from umbel_core.settings import Limits


class TickerEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """Read by `umbel_core.environment.parse`."""

    ledger_table: str
    sockets_table: str
    socket_endpoint: str
    uploads_bucket: str
    intake_queue_url: str
    lane_prefix: str
    deployment: str
    """Names the deployment in its metrics."""
    reserve: bool
    fair: bool
    limits: Limits
    silent_seconds: int = 600
    """How long a task may show no sign of life before the sweeper looks for its message."""

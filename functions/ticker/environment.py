"""What the deployment tells the ticker."""

import msgspec


class TickerEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """Read by `umbel_core.environment.parse`."""

    ledger_table: str
    sockets_table: str
    socket_endpoint: str
    lane_prefix: str
    reserve: bool
    retention_days: int

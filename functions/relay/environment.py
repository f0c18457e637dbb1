"""What the deployment tells the relay."""

import msgspec


class RelayEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """Read by `umbel_core.environment.parse`."""

    ledger_table: str
    sockets_table: str
    socket_endpoint: str
    """Where the sockets' management API answers."""
    results_bucket: str
    retention_days: int
    links_endpoint: str | None = None
    """Where links to results lead when that is not S3 itself."""

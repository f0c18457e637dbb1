"""What the deployment tells the sockets' function."""

import msgspec


class SocketsEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """Read by `umbel_core.environment.parse`."""

    ledger_table: str
    sockets_table: str
    socket_endpoint: str
    uploads_bucket: str
    results_bucket: str
    ticker_function: str
    """Name of the function that tells the numbers."""
    limits: str
    """`umbel_core.settings.Limits` as JSON."""
    links_endpoint: str | None = None
    """Where links to results lead when that is not S3 itself."""

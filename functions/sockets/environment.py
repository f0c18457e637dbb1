"""What the deployment tells the sockets' function."""

import msgspec


class SocketsEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """Read by `umbel_core.environment.parse`."""

    ledger_table: str
    sockets_table: str
    socket_endpoint: str
    uploads_bucket: str
    results_bucket: str
    limits: str
    """`umbel_core.settings.Limits` as JSON."""

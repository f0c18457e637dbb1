"""The environment of the WebSocket API's function."""

import msgspec

from umbel_core.settings import Limits


class SocketsEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """Read by `umbel_core.environment.parse`."""

    ledger_table: str
    sockets_table: str
    socket_endpoint: str
    uploads_bucket: str
    results_bucket: str
    ticker_function: str
    """Name of the function that sends the stats."""
    limits: Limits
    links_endpoint: str | None = None
    """The endpoint in URLs of results, where it is not S3 itself."""

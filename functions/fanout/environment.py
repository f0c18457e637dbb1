"""The environment of the fan-out."""

import msgspec

from umbel_core.settings import Limits


class FanoutEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """Read by `umbel_core.environment.parse`."""

    ledger_table: str
    sockets_table: str
    socket_endpoint: str
    """Endpoint of the API that sends messages to connections."""
    results_bucket: str
    limits: Limits
    links_endpoint: str | None = None
    """The endpoint in URLs of results, where it is not S3 itself."""

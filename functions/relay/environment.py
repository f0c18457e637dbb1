"""The environment of the relay."""

import msgspec

from umbel_core.settings import Limits


class RelayEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """Read by `umbel_core.environment.parse`."""

    ledger_table: str
    sockets_table: str
    socket_endpoint: str
    """Endpoint of the API that sends messages to connections."""
    results_bucket: str
    fanout_queue_url: str
    """The queue of the fan-out, which sends to many connections."""
    intake_queue_url: str
    missed_queue_url: str
    """The queue of what the relay gave up on."""
    limits: Limits
    links_endpoint: str | None = None
    """The endpoint in URLs of results, where it is not S3 itself."""

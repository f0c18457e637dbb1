"""The environment of the ticker."""

import msgspec

from umbel_core.settings import Limits


class TickerEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """Read by `umbel_core.environment.parse`."""

    ledger_table: str
    sockets_table: str
    socket_endpoint: str
    lane_prefix: str
    reserve: bool
    limits: Limits

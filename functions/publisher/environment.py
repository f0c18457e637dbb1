"""The environment of the publisher."""

import msgspec

from umbel_core.settings import Limits


class PublisherEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """Read by `umbel_core.environment.parse`."""

    ledger_table: str
    limits: Limits

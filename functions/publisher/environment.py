"""What the deployment tells the publisher."""

import msgspec


class PublisherEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """Read by `umbel_core.environment.parse`."""

    ledger_table: str
    retention_days: int

"""What the deployment tells the coordinator."""

import msgspec


class CoordinatorEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """Read by `umbel_core.environment.parse`."""

    uploads_bucket: str
    ledger_table: str
    tasks_topic: str
    limits: str
    """`umbel_core.settings.Limits` as JSON."""

"""What the deployment tells the coordinator."""

import msgspec


class CoordinatorEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """Read by `umbel_core.environment.parse`."""

    uploads_bucket: str
    ledger_table: str
    intake_queue_url: str
    tasks_topic: str
    ordered_topic: str
    """Where tasks of ordered ops go: a FIFO topic, whose message groups are the jobs' groups."""
    limits: str
    """`umbel_core.settings.Limits` as JSON."""

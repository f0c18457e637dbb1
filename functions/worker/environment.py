"""What the deployment tells one op's worker."""

import msgspec


class WorkerEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """Read by `umbel_core.environment.parse`."""

    op: str
    uploads_bucket: str
    results_bucket: str
    ledger_table: str
    lane_queue_url: str
    limits: str
    """`umbel_core.settings.Limits` as JSON."""

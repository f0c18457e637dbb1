"""What the deployment tells the API."""

import msgspec


class ApiEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """Read by `umbel_core.environment.parse`."""

    uploads_bucket: str
    results_bucket: str
    ledger_table: str
    intake_queue_url: str
    lane_prefix: str
    """What stands before an op's name in its function's and its queue's name."""
    reserve: bool
    """False where the account is too small for reserved concurrency: lanes then have mapping caps alone."""
    allowed_origins: str
    """Whose pages may call the API: origins, with commas between."""
    limits: str
    """`umbel_core.settings.Limits` as JSON."""
    links_endpoint: str | None = None
    """Where links to results lead when that is not S3 itself."""

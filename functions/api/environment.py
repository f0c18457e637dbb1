"""The environment of the API's function."""

import msgspec

from umbel_core.settings import Limits


class ApiEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """Read by `umbel_core.environment.parse`."""

    uploads_bucket: str
    results_bucket: str
    ledger_table: str
    intake_queue_url: str
    lane_prefix: str
    """What comes before the op's name in the names of a lane's function and queue."""
    reserve: bool
    fair: bool
    """False in accounts too small for reserved concurrency: a lane then has only its mapping's cap."""
    allowed_origins: str
    """Origins whose pages may call the API, separated by commas."""
    limits: Limits
    links_endpoint: str | None = None
    """The endpoint in URLs of results, where it is not S3 itself."""

"""The environment of the worker of one op."""

import msgspec

from umbel_core.settings import Limits


class WorkerEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """Read by `umbel_core.environment.parse`."""

    op: str
    uploads_bucket: str
    results_bucket: str
    ledger_table: str
    lane_queue_url: str
    limits: Limits

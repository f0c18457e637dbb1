"""The environment of the coordinator."""

import msgspec

from umbel_core.settings import Limits


class CoordinatorEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """Read by `umbel_core.environment.parse`."""

    uploads_bucket: str
    ledger_table: str
    intake_queue_url: str
    tasks_topic: str
    ordered_topic: str
    """The FIFO topic of the ordered ops; its message groups are the jobs' groups."""
    limits: Limits

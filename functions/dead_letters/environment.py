"""What the deployment tells the dead-letter function."""

import msgspec


class DeadLettersEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """Read by `umbel_core.environment.parse`."""

    ledger_table: str
    retention_days: int
    intake_dead: str
    """Name of the intake's dead-letter queue."""
    lane_prefix: str
    """What stands before an op's name in the names of its queues…"""
    dead_suffix: str
    """…and what stands behind it in its dead-letter queue's."""

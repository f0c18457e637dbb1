"""The environment of the dead-letter function."""

import msgspec

from umbel_core.settings import Limits


class DeadLettersEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """Read by `umbel_core.environment.parse`."""

    ledger_table: str
    limits: Limits
    intake_dead: str
    """Name of the intake queue's dead-letter queue."""
    lane_prefix: str
    """What comes before the op's name in the name of a lane's dead-letter queue."""
    dead_suffix: str
    """What comes after it."""

"""A lane at this moment, as everyone but its adapter sees it."""

import msgspec

from umbel_core.contract.responses import OpStatus


class LaneState(msgspec.Struct, frozen=True):
    """How a lane is set."""

    concurrency: int
    state: OpStatus


class Backlog(msgspec.Struct, frozen=True):
    """Messages of a lane."""

    waiting: int
    in_flight: int

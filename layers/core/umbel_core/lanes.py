"""A lane at this moment, as everyone but its adapter sees it."""

from typing import Literal

import msgspec


class LaneState(msgspec.Struct, frozen=True):
    """How a lane is set."""

    concurrency: int
    state: Literal["ready", "paused", "degraded"]


class Backlog(msgspec.Struct, frozen=True):
    """Messages of a lane."""

    waiting: int
    in_flight: int

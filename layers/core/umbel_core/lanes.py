"""Lanes as the API and the stats show them."""

import msgspec

from umbel_core.contract.responses import OpStatus
from umbel_core.op import Compute

FIFO_SUFFIX = ".fifo"
"""The end of every FIFO queue's name."""


class LaneState(msgspec.Struct, frozen=True):
    """A lane's current settings."""

    concurrency: int
    state: OpStatus


class Backlog(msgspec.Struct, frozen=True):
    """Approximate numbers of messages in a lane."""

    waiting: int
    in_flight: int


def queue_name(lane: str, compute: Compute) -> str:
    """Return the name of a lane's queue."""
    return f"{lane}{FIFO_SUFFIX}" if compute.ordered else lane

"""Lanes as the API and the stats show them."""

import msgspec

from umbel_core.contract.responses import OpStatus
from umbel_core.op import Compute

FIFO_SUFFIX = ".fifo"
"""The end of every FIFO queue's name."""
BULK_SUFFIX = "-bulk"
"""The end of the name of a lane's bulk queue."""


class LaneState(msgspec.Struct, frozen=True):
    """A lane's current settings."""

    concurrency: int
    state: OpStatus


class Backlog(msgspec.Struct, frozen=True):
    """Approximate numbers of messages in a lane, in all its queues."""

    waiting: int
    in_flight: int


def queue_names(lane: str, compute: Compute, *, fair: bool) -> list[str]:
    """Return the names of a lane's queues: its only one, or live and bulk."""
    if compute.ordered:
        return [f"{lane}{FIFO_SUFFIX}"]
    return [lane, f"{lane}{BULK_SUFFIX}"] if fair else [lane]

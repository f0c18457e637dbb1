"""All numbers of a lane, derived from one: the op's concurrency. The deployment, live scaling and the doctor use it.

A fair lane has two queues, live and bulk, and a mapping for each on its one function. The function's reserved
concurrency N bounds both together. Each mapping's cap leaves a share to the other, so that neither can take all:
live N - 1, bulk three quarters of N. AWS takes no cap below 2, so below 4 there is less room than that:

    N       1  2  3  4  8  16  100
    live    2  2  3  3  7  15   99
    bulk    2  2  2  3  6  12   75
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import msgspec

if TYPE_CHECKING:
    from umbel_core.op import Compute

Concurrency = Annotated[int, msgspec.Meta(ge=0, le=1000)]
"""How many executions of an op run at a time. 0 pauses the lane: its messages wait in their queue."""
SMALLEST_CAP = 2
"""The smallest MaximumConcurrency that an SQS event source mapping takes."""
_SMALLEST_SHARED = 4
"""From this concurrency on, live leaves an execution to bulk. Below, live itself would lose a third or more."""
_LEFT_TO_LIVE = 4
"""Bulk leaves one of so many executions to live."""
VISIBILITY_PER_TIMEOUT = 6
"""A message stays invisible for six timeouts of its function, as AWS advises for throttled batches."""
MAX_RECEIVES = 5
MAX_RECEIVES_IN_BATCHES = 20
"""For lanes whose batches have several messages: messages behind a slow or a redelivered one are handed back."""
MAX_RECEIVES_THROTTLED = 50
"""For lanes whose mappings may receive more messages than may run: a throttled receive counts although no code ran."""
HANDED_BACK_UNTIL = 8
"""A message with more receives than this is not handed back, so that enough receives are left to run it."""


class LaneSettingsError(Exception):
    """A concurrency that no lane can have."""


class LaneSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a lane's function, event source mappings and queues."""

    enabled: bool
    reserved: int | None
    cap: int
    """MaximumConcurrency of the mapping; in a fair lane, of the live queue's."""
    bulk_cap: int | None = None
    """MaximumConcurrency of the bulk queue's mapping; None: the lane has one queue."""
    visibility_seconds: int
    max_receives: int


def is_fair(compute: "Compute", *, fair: bool, reserve: bool) -> bool:
    """Return whether a lane has a bulk queue beside its live one.

    An ordered lane has one FIFO queue, in which SQS is fair between the groups. Without a reservation nothing would
    bound two mappings together.
    """
    return fair and reserve and not compute.ordered


def lane_settings(op: str, compute: "Compute", concurrency: int, *, reserve: bool, fair: bool = False) -> LaneSettings:
    """Return the settings of an op's lane, with reserved concurrency or with the mapping's cap alone."""
    if concurrency == 1 and not reserve:
        raise LaneSettingsError(
            f"'{op}' needs a concurrency of at least {SMALLEST_CAP} where no concurrency is reserved (reserve=false): "
            "no SQS mapping takes a smaller cap"
        )
    shared = is_fair(compute, fair=fair, reserve=reserve)
    return LaneSettings(
        enabled=concurrency > 0,
        reserved=concurrency if reserve and concurrency > 0 else None,
        cap=_live_cap(concurrency) if shared else cap(concurrency),
        bulk_cap=_bulk_cap(concurrency) if shared else None,
        visibility_seconds=VISIBILITY_PER_TIMEOUT * compute.timeout_seconds,
        max_receives=_max_receives(compute, concurrency, throttled=shared or not reserve),
    )


def cap(concurrency: int) -> int:
    """Return the mapping's MaximumConcurrency: the concurrency itself, if the mapping takes it."""
    return max(SMALLEST_CAP, concurrency)


def _live_cap(concurrency: int) -> int:
    return cap(concurrency - 1 if concurrency >= _SMALLEST_SHARED else concurrency)


def _bulk_cap(concurrency: int) -> int:
    return cap(concurrency - max(1, concurrency // _LEFT_TO_LIVE))


def _max_receives(compute: "Compute", concurrency: int, *, throttled: bool) -> int:
    # The mappings take more than may run where there are two or where one execution is reserved, and without a
    # reservation where the account's other functions use up its concurrency. An ordered lane hands back all messages
    # behind a failed one.
    if concurrency == 1 or throttled or compute.ordered:
        return MAX_RECEIVES_THROTTLED
    return MAX_RECEIVES_IN_BATCHES if compute.batch > 1 else MAX_RECEIVES


def concurrency_of(computes: "Mapping[str, Compute]", overrides: Mapping[str, int]) -> dict[str, int]:
    """Return the concurrency of each lane: the override of the deployment, or what its op declares."""
    unknown = sorted(set(overrides) - set(computes))
    if unknown:
        raise LaneSettingsError(f"concurrency: there is no op '{unknown[0]}'; the ops are {', '.join(computes)}")
    return {name: overrides.get(name, compute.concurrency) for name, compute in computes.items()}

"""All numbers of a lane, derived from one: the op's concurrency. The deployment, live scaling and the doctor use it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import msgspec

if TYPE_CHECKING:
    from umbel_core.op import Compute, OpCard

Concurrency = Annotated[int, msgspec.Meta(ge=0, le=1000)]
"""How many executions of an op run at a time. 0 pauses the lane: its messages wait in their queue."""
SMALLEST_CAP = 2
"""The smallest MaximumConcurrency that an SQS event source mapping takes."""
VISIBILITY_PER_TIMEOUT = 6
"""A message stays invisible for six timeouts of its function, as AWS advises for throttled batches."""
MAX_RECEIVES = 5
MAX_RECEIVES_IN_BATCHES = 20
"""For lanes whose batches have several messages: messages behind a slow or a redelivered one are handed back."""
MAX_RECEIVES_THROTTLED = 50
"""For lanes whose mapping may receive more messages than may run: a throttled receive counts although no code ran."""
HANDED_BACK_UNTIL = 8
"""A message with more receives than this is not handed back, so that enough receives are left to run it."""


class LaneSettingsError(Exception):
    """A concurrency that no lane can have."""


class LaneSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a lane's function, event source mapping and queue."""

    enabled: bool
    reserved: int | None
    cap: int
    visibility_seconds: int
    max_receives: int


def lane_settings(op: str, compute: "Compute", concurrency: int, *, reserve: bool) -> LaneSettings:
    """Return the settings of an op's lane, with reserved concurrency or with the mapping's cap alone."""
    if concurrency == 1 and not reserve:
        raise LaneSettingsError(
            f"'{op}' needs a concurrency of at least {SMALLEST_CAP} where no concurrency is reserved (reserve=false): "
            "no SQS mapping takes a smaller cap"
        )
    return LaneSettings(
        enabled=concurrency > 0,
        reserved=concurrency if reserve and concurrency > 0 else None,
        cap=cap(concurrency),
        visibility_seconds=VISIBILITY_PER_TIMEOUT * compute.timeout_seconds,
        max_receives=_max_receives(compute, concurrency, reserve=reserve),
    )


def cap(concurrency: int) -> int:
    """Return the mapping's MaximumConcurrency: the concurrency itself, if the mapping takes it."""
    return max(SMALLEST_CAP, concurrency)


def _max_receives(compute: "Compute", concurrency: int, *, reserve: bool) -> int:
    # The mapping takes more than may run where one execution is reserved, and without a reservation where the account's
    # other functions use up its concurrency. An ordered lane hands back all messages behind a failed one.
    if concurrency == 1 or not reserve or compute.ordered:
        return MAX_RECEIVES_THROTTLED
    return MAX_RECEIVES_IN_BATCHES if compute.batch > 1 else MAX_RECEIVES


def concurrency_of(cards: "Mapping[str, OpCard]", overrides: Mapping[str, int]) -> dict[str, int]:
    """Return the concurrency of each op: the override of the deployment, or what the op declares."""
    unknown = sorted(set(overrides) - set(cards))
    if unknown:
        raise LaneSettingsError(f"concurrency: there is no op '{unknown[0]}'; the ops are {', '.join(cards)}")
    return {name: overrides.get(name, card.compute.concurrency) for name, card in cards.items()}

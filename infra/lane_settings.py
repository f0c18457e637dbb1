"""One number per op, and what follows from it: reservation, mapping cap, visibility, receive count."""

import msgspec

from umbel_core.aws.lanes import LEAST_CAP
from umbel_core.max_receives import BASE as RECEIVES
from umbel_core.max_receives import THROTTLED as THROTTLED_RECEIVES
from umbel_core.max_receives import max_receives_for
from umbel_core.op import OpCard

VISIBILITY_PER_TIMEOUT = 6
"""AWS's rule: a message stays hidden for six time-outs, so that a throttled batch is not shown twice."""


class LaneError(Exception):
    """Numbers with which a lane could lose or give up work that nobody has looked at."""


class LaneSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What one lane is built with."""

    enabled: bool
    reserved: int | None
    cap: int
    visibility_seconds: int
    receives: int


def lane_settings(card: OpCard, concurrency: int, *, reserve: bool) -> LaneSettings:
    """The numbers of an op's lane for this concurrency."""
    if concurrency == 1 and not reserve:
        raise LaneError(
            f"concurrency of '{card.name}': 1 needs a reservation, because a mapping cap is at least {LEAST_CAP}; "
            f"deploy with reserve=true, or give it {LEAST_CAP}"
        )
    numbers = LaneSettings(
        enabled=concurrency > 0,
        reserved=concurrency if reserve and concurrency > 0 else None,
        cap=max(LEAST_CAP, concurrency),
        visibility_seconds=VISIBILITY_PER_TIMEOUT * card.compute.timeout_seconds,
        receives=max_receives_for(concurrency, card.compute, reserve=reserve),
    )
    check(card, numbers)
    return numbers


def check(card: OpCard, numbers: LaneSettings) -> None:
    """Refuse numbers that could send unprocessed work to the dead-letter queue."""
    throttled = numbers.reserved is not None and numbers.cap > numbers.reserved
    if throttled and numbers.receives < THROTTLED_RECEIVES:
        raise LaneError(
            f"'{card.name}': the mapping takes {numbers.cap} at a time, but only {numbers.reserved} may run: throttled "
            f"messages would be given up after {numbers.receives} receives without having been looked at; "
            f"keep the cap at or below the reservation"
        )
    if numbers.visibility_seconds < VISIBILITY_PER_TIMEOUT * card.compute.timeout_seconds:
        raise LaneError(f"'{card.name}': visibility {numbers.visibility_seconds} s is under six time-outs")
    if numbers.receives < RECEIVES:
        raise LaneError(
            f"'{card.name}': {numbers.receives} receives; at least {RECEIVES} keep a hiccup from being the end"
        )


def concurrency_of(cards: dict[str, OpCard], overrides: dict[str, int]) -> dict[str, int]:
    """Op -> its number: the declared one, or the context's."""
    unknown = sorted(set(overrides) - set(cards))
    if unknown:
        raise LaneError(f"concurrency: there is no op '{unknown[0]}'; the ops are {', '.join(cards)}")
    return {name: overrides.get(name, card.compute.concurrency) for name, card in cards.items()}

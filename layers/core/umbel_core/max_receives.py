"""How often a lane's message may be received before it counts as given up: one rule for infra and for live tuning."""

from umbel_core.op import Compute

BASE = 5
BATCHED = 20
"""A lane that takes several messages at a time hands some back: those behind a slow one, or one that came again."""
HANDED_BACK_UNTIL = 8
"""What has been received more often is not handed back any more: enough receives are left for it to be tried."""
THROTTLED = 50
"""Where more messages are taken than may run, receives are throttled and burn a count; fifty in a row do not happen."""


def max_receives_for(concurrency: int, compute: Compute, *, reserve: bool) -> int:
    """The receive count that goes with a lane's concurrency.

    One reserved slot is under the smallest cap there is, two. Without a reservation, the account's other functions may
    take the slots. An ordered lane hands back whatever is behind a fault.
    """
    if concurrency == 1 or compute.ordered or not reserve:
        return THROTTLED
    return BATCHED if compute.batch > 1 else BASE

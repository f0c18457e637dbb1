"""How often a lane's message may be received before it counts as given up: one rule for infra and for live tuning."""

BASE = 5
BATCHED = 10
"""A lane that takes several messages at a time hands some back: those behind a slow one, or one that came again."""
THROTTLED = 50
"""With one reserved slot under a cap of two (the smallest there is), half of the receives are throttled and burn a
count; fifty of them in a row do not happen."""


def receives_for(concurrency: int, batch: int) -> int:
    """The receive count that goes with a lane's concurrency and batch size."""
    if concurrency == 1:
        return THROTTLED
    return BATCHED if batch > 1 else BASE

"""How often each error is injected, and what was injected so far."""

import msgspec


class Rates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often each error is injected, as a share of the calls; of a message, as a share of the messages."""

    throttled: float = 0.0
    slow_down: float = 0.0
    """What S3 answers in place of throttling."""
    reset: float = 0.0
    """The connection is reset before the call reaches the engine."""
    reply_lost: float = 0.0
    """The call is carried out, then the connection is reset. For calls that change something."""
    cut: float = 0.0
    """Half of the answer arrives. For calls that read."""
    copied: float = 0.0
    """A call that publishes messages is sent again, up to five seconds later."""
    shuffled: float = 0.0
    """The messages of a call, of a topic without an order, are published in another order."""
    dropped: float = 0.0
    """A message is published and matches no subscription."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What a proxy did so far."""

    seed: int
    calls: int
    rates: Rates
    kinds: dict[str, int]
    """How often each error was injected."""
    injected: dict[str, int]
    """The same by kind, service and operation: `reset dynamodb:UpdateItem`."""
    operations: dict[str, int] = {}
    """How often each operation was called: `dynamodb:UpdateItem`."""


CALM = Rates()

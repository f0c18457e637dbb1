"""The settings of a campaign, and what it did and found."""

from collections import Counter

import msgspec

from tests.trust.checker import LONGEST, Violation
from umbel.fault_proxy import Rates

STORM = Rates(
    throttled=0.15, slow_down=0.10, reset=0.10, reply_lost=0.10, cut=0.05, copied=0.10, shuffled=0.25, dropped=0.02
)
SHOWN = {
    "throttled": "calls throttled",
    "slow_down": "calls answered with SlowDown by S3",
    "reset": "connections reset before the call",
    "reply_lost": "connections reset after the call was carried out",
    "cut": "answers cut in half",
    "dropped": "messages that matched no subscription",
    "copied": "publishing calls repeated up to 5 s later",
    "shuffled": "publishing calls with their messages in another order",
}
"""The kinds of injected errors, as the report names them."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How long and how hard a campaign is."""

    tasks: int = 2000
    values: int = 140
    """The most tasks of a job of values."""
    kills: int = 24
    seed: int = 1
    in_flight: int = 40
    """Jobs that have not ended when the next one is sent."""
    rates: Rates = STORM
    killed: tuple[str, ...] = ("relay", "dead-letters", "ticker", "op-")
    """What the names of the killed functions start with."""
    kill_every: float = 8.0
    copies_every: float = 2.0
    sweep_every: float = 15.0
    silent_seconds: int = 60
    """After so long the sweeper takes the message of a silent task for lost; ten minutes are usual."""
    longest: float = LONGEST


class Outcome(msgspec.Struct, kw_only=True):
    """What a campaign did and found."""

    seed: int
    seconds: float
    jobs: int
    tasks: int
    kinds: dict[str, int]
    """Jobs by kind."""
    faults: Counter[str]
    """Injected errors by kind."""
    by_call: dict[str, int]
    calls: int
    kills: dict[str, int]
    messages: int
    connections: int
    server_errors: int
    """Answers 5xx. Each request was sent again."""
    retries: int
    given_up: int
    """Dead letters that an injected error explains; each was retried."""
    fetched_again: int
    """Pages that were fetched more than once."""
    slowest: float
    violations: list[Violation]

    @property
    def found(self) -> Counter[str]:
        """Violations by kind."""
        return Counter(violation.kind for violation in self.violations)

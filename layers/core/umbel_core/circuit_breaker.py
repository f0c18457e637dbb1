"""Hosts that keep failing are left alone for a while: a circuit per host, closed, open or half open.

Five faults in a row open it; while it is open, whoever wants to fetch from there fails at once with `circuit_open`.
When its time is over, one probe goes through, and what becomes of it decides.
"""

import msgspec

from umbel_core import contract
from umbel_core.contract.records import CircuitState

FAILURES = 5
"""So many in a row open a circuit."""
OPEN_SECONDS = 30
PROBE_SECONDS = 30
"""How long the one probe may take before another may be sent: longer than any fetch."""
FORGET_SECONDS = 600
"""Faults that lie this far apart are not in a row."""


class Circuit(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one host that failed lately. Times are seconds since 1970."""

    failures: int
    open_until: int = 0
    probe_until: int = 0
    expire_at: int = 0

    def state(self, moment: int) -> CircuitState:
        """At this moment."""
        if self.failures < FAILURES or self.expire_at <= moment:
            return "closed"
        return "open" if moment < self.open_until else "half_open"

    def view(self, moment: int) -> contract.Circuit:
        """As the API shows it."""
        return contract.Circuit(
            state=self.state(moment), failures=self.failures, open_seconds=max(0, self.open_until - moment)
        )

"""A circuit breaker for each host: closed, open or half open.

Five failures in a row open the circuit. While it is open, each fetch from the host fails at once with `circuit_open`.
After that time one fetch, the probe, is allowed; its outcome closes or opens the circuit.
"""

import msgspec

from umbel_core import contract
from umbel_core.contract.records import CircuitState

FAILURES = 5
"""Failures in a row that open a circuit."""
OPEN_SECONDS = 30
PROBE_SECONDS = 30
"""Time after which another probe is allowed if the first has not ended: longer than any fetch."""
FORGET_SECONDS = 600
"""Failures further apart than this do not count as in a row."""


class CircuitRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The recent failures of one host. Times are seconds since 1970."""

    failures: int
    open_until: int = 0
    probe_until: int = 0
    expire_at: int = 0

    def state(self, moment: int) -> CircuitState:
        """Return the state at this moment."""
        if self.failures < FAILURES or self.expire_at <= moment:
            return "closed"
        return "open" if moment < self.open_until else "half_open"

    def view(self, moment: int) -> contract.Circuit:
        """Return the circuit as the contract shows it."""
        return contract.Circuit(
            state=self.state(moment), failures=self.failures, open_seconds=max(0, self.open_until - moment)
        )

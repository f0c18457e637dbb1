"""Events for the ops that a deployment added or removed."""

from collections.abc import Iterable
from typing import Protocol

from umbel_core.ledger import Event


class Ledger(Protocol):
    """Keeps the ops of the last deployment, and events."""

    def replace_deployed_ops(self, ops: Iterable[str]) -> list[str] | None: ...
    def record_event(self, event: Event) -> None: ...


def record_changes(ledger: Ledger, ops: Iterable[str]) -> None:
    """Record an event for each op that the previous deployment did not have, and for each that only it had.

    The first deployment has no previous one and records nothing.
    """
    now = set(ops)
    before = ledger.replace_deployed_ops(sorted(now))
    if before is None:
        return
    for op in sorted(now - set(before)):
        ledger.record_event(Event(kind="op_deployed", op=op, message=f"{op} is deployed."))
    for op in sorted(set(before) - now):
        ledger.record_event(Event(kind="op_removed", op=op, message=f"{op} is removed."))

"""Which ops a deployment brought and which it took away, told to whoever listens."""

from collections.abc import Iterable
from typing import Protocol

from umbel_core.ledger import Event


class Ledger(Protocol):
    """Where the last deployment's ops are noted, and where events are told."""

    def replace_deployed_ops(self, ops: Iterable[str]) -> list[str] | None: ...
    def record_event(self, event: Event) -> None: ...


def announce(ledger: Ledger, ops: Iterable[str]) -> None:
    """Compare the ops with those of the deployment before. The first one has nothing to tell: everything is new."""
    now = set(ops)
    before = ledger.replace_deployed_ops(sorted(now))
    if before is None:
        return
    for op in sorted(now - set(before)):
        ledger.record_event(Event(kind="op_deployed", op=op, message=f"{op} is deployed."))
    for op in sorted(set(before) - now):
        ledger.record_event(Event(kind="op_removed", op=op, message=f"{op} is removed."))

"""System events in the ledger's table. The table's stream brings them to the subscribers of all jobs."""

from collections.abc import Iterable

from umbel_core.aws.dynamo import item, plain
from umbel_core.aws.keys import INDEXED, deployed_ops_key, event_key, lanes_key
from umbel_core.aws.ledger_table import LedgerTable
from umbel_core.clock import epoch
from umbel_core.ledger import Event

_EVENT_SECONDS = 86_400


class LedgerEvents(LedgerTable):
    """The part of `umbel_core.ledger.Ledger` that keeps system events."""

    def record_event(self, event: Event) -> None:
        expiry = {"expire_at": plain(epoch() + _EVENT_SECONDS)}
        self._table.client.put_item(**self._table.put({**event_key(event.at, event.id), **item(event), **expiry}))

    def forget_lanes(self) -> None:
        """Delete the states of the lanes, which a deployment may have changed: the next reader asks AWS."""
        self._table.delete(lanes_key())

    def replace_deployed_ops(self, ops: Iterable[str]) -> list[str] | None:
        """Store the ops of this deployment; return those of the previous one, or None when this is the first."""
        put = self._table.put(
            {**deployed_ops_key(), "ops": {"L": [plain(op) for op in ops]}, INDEXED: plain(value=True)}
        )
        previous = self._table.client.put_item(**put, ReturnValues="ALL_OLD").get("Attributes")
        return [op["S"] for op in previous["ops"]["L"]] if previous else None

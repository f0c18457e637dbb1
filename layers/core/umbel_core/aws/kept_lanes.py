"""The states of the lanes in the ledger's table, so that a look at them asks nothing of Lambda's control plane.

The control plane takes fifteen calls a second from the whole account, and one look takes a call for each lane.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from umbel_core.aws.dynamo import plain
from umbel_core.aws.keys import lanes_key
from umbel_core.aws.lanes import Lanes
from umbel_core.aws.table import Table
from umbel_core.contract.responses import OpStatus
from umbel_core.lanes import Backlog, LaneState
from umbel_core.op import Compute

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_TRIES = 3


class KeptLanes:
    """`Lanes` whose states are read from the table.

    They are written when a lane is scaled or paused, and every minute by the ticker, which reads them from AWS. A
    deployment deletes them; whoever misses them reads them from AWS.
    """

    def __init__(self, lanes: Lanes, dynamodb: "DynamoDBClient", table: str) -> None:
        self._lanes = lanes
        self._table = Table(dynamodb, table)

    def states(self) -> dict[str, LaneState]:
        """Return the state of every deployed lane, by op."""
        states, version = self._read()
        return states if version else self.refresh()

    def health(self) -> dict[str, OpStatus]:
        """Return whether each deployed lane is ready, paused or degraded."""
        return {op: lane.state for op, lane in self.states().items()}

    def backlogs(self, computes: Mapping[str, Compute]) -> dict[str, Backlog]:
        """Return the numbers of messages in the lanes of these ops."""
        return self._lanes.backlogs(computes)

    def refresh(self) -> dict[str, LaneState]:
        """Read the states from AWS and keep them, unless a lane is scaled meanwhile; return them."""
        known, version = self._read()
        states = self._lanes.states(known)
        self._write(states, version)
        return states

    def scale(self, op: str, concurrency: int, compute: Compute) -> None:
        """Change a lane's concurrency at once; 0 pauses it. Raise `Rejected` when AWS or the deployment refuses."""
        self._lanes.scale(op, concurrency, compute)
        scaled = LaneState(concurrency, "ready" if concurrency else "paused")
        for _ in range(_TRIES):
            states, version = self._read()
            # Without a record there is nothing to correct: the next reader asks AWS.
            if not version or self._write({**states, op: scaled}, version):
                return

    def _read(self) -> tuple[dict[str, LaneState], int]:
        """Return the states and their version; 0 when there are none."""
        kept = self._table.get(lanes_key())
        if kept is None:
            return {}, 0
        states = msgspec.json.decode(kept["states"]["S"], type=dict[str, LaneState])
        return states, int(kept["version"]["N"])

    def _write(self, states: dict[str, LaneState], version: int) -> bool:
        text = msgspec.json.encode(states).decode()
        kept = {**lanes_key(), "states": plain(text), "version": plain(version + 1)}
        condition, values = "attribute_not_exists(pk)", None
        if version:
            condition, values = "version = :version", {":version": plain(version)}
        return self._table.insert(self._table.put(kept, condition=condition, values=values))

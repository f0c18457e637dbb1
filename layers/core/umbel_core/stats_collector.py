"""Reads, in parallel, all that the stats are computed from: counters, lanes, the oldest jobs, circuits."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from umbel_core.catalogue import Catalogue
from umbel_core.circuit_breaker import CircuitRecord
from umbel_core.lanes import Backlog, LaneState
from umbel_core.ledger import TaskRecord
from umbel_core.op import Compute
from umbel_core.op_stats import CountedStats, Counters
from umbel_core.stats import StatsInput, since
from umbel_core.sweeper_state import SweeperState

_JOBS = 20
_TASKS = 100


class Lanes(Protocol):
    """The current state of the ops' lanes."""

    def states(self) -> dict[str, LaneState]: ...
    def backlogs(self, computes: Mapping[str, Compute]) -> dict[str, Backlog]: ...


class Jobs(Protocol):
    """The part of the ledger in which waiting tasks are found."""

    def unfinished(self, limit: int) -> list[str]: ...
    def sweeper_state(self) -> SweeperState: ...
    def last_tasks(self, job_id: str, limit: int) -> list[TaskRecord]: ...


class Circuits(Protocol):
    """The circuits of hosts that keep failing."""

    def all(self) -> dict[str, CircuitRecord]: ...


class StatsCollector(msgspec.Struct, frozen=True):
    """Reads the input of `umbel_core.stats`."""

    counters: Counters
    lanes: Lanes
    ledger: Jobs
    circuits: Circuits
    catalogue: Catalogue
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def collect(self) -> StatsInput:
        """Read everything now."""
        at = self.clock()
        with ThreadPoolExecutor(3) as pool:
            states = pool.submit(self.lanes.states)
            backlogs = pool.submit(self.lanes.backlogs, self.catalogue.lanes)
            counted = self.counters.counted(since(at))
            oldest, circuits = self._oldest(counted), self.circuits.all()
            return StatsInput(at, counted, states.result(), backlogs.result(), oldest, circuits)

    def _oldest(self, counted: CountedStats) -> dict[str, str]:
        """Return op -> when its longest waiting task was queued. The last tasks of the oldest jobs wait longest.

        Old jobs of a paused op may fill the first page, so the jobs that the sweeper found for the other ops, minutes
        ago, are read too.
        """
        waiting = {op for op, stats in counted.forever.items() if stats.count("pending") > 0}
        oldest: dict[str, str] = {}
        if not waiting:
            return oldest
        for job_id in dict.fromkeys([*self.ledger.unfinished(_JOBS), *self.ledger.sweeper_state().waiting.values()]):
            for task in self.ledger.last_tasks(job_id, _TASKS):
                if task.status == "pending":
                    oldest[task.op] = min(task.queued_at, oldest.get(task.op, task.queued_at))
            if waiting <= oldest.keys():
                break
        return oldest

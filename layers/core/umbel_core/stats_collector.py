"""Looks at the op stats, the lanes and the oldest jobs side by side; the numbers come of it."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from umbel_core.catalogue import Catalogue
from umbel_core.circuit_breaker import Circuit
from umbel_core.lanes import Backlog, LaneState
from umbel_core.ledger import Task
from umbel_core.op import Compute
from umbel_core.op_stats import CountedStats, Counters
from umbel_core.stats import Seen, since

_JOBS = 20
_TASKS = 100


class Lanes(Protocol):
    """The ops' lanes as they are now."""

    def states(self) -> dict[str, LaneState]: ...
    def backlogs(self, computes: Mapping[str, Compute]) -> dict[str, Backlog]: ...


class Jobs(Protocol):
    """The ledger, as far as waiting tasks are looked for."""

    def unfinished(self, limit: int) -> list[str]: ...
    def last_tasks(self, job_id: str, limit: int) -> list[Task]: ...


class Circuits(Protocol):
    """Hosts that are left alone."""

    def all(self) -> dict[str, Circuit]: ...


class StatsCollector(msgspec.Struct, frozen=True):
    """Reads what `umbel_core.stats` needs."""

    counters: Counters
    lanes: Lanes
    ledger: Jobs
    circuits: Circuits
    catalogue: Catalogue
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def look(self) -> Seen:
        """Everything, now."""
        at = self.clock()
        with ThreadPoolExecutor(3) as pool:
            states = pool.submit(self.lanes.states)
            backlogs = pool.submit(self.lanes.backlogs, {op: card.compute for op, card in self.catalogue.items()})
            counted = self.counters.counted(since(at))
            oldest, circuits = self._oldest(counted), self.circuits.all()
            return Seen(at, counted, states.result(), backlogs.result(), oldest, circuits)

    def _oldest(self, counted: CountedStats) -> dict[str, str]:
        """Op -> when its longest waiting task was queued. Tasks wait at the ends of the oldest jobs."""
        waiting = {op for op, stats in counted.forever.items() if stats.count("pending") > 0}
        oldest: dict[str, str] = {}
        for job_id in self.ledger.unfinished(_JOBS) if waiting else ():
            for task in self.ledger.last_tasks(job_id, _TASKS):
                if task.status == "pending":
                    oldest[task.op] = min(task.queued_at, oldest.get(task.op, task.queued_at))
            if waiting <= oldest.keys():
                break
        return oldest

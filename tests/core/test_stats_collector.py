"""The stats' input is read in parallel; the oldest waiting task is looked for only where tasks wait."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from tests.functions.stage import CATALOGUE
from umbel_core.circuit_breaker import CircuitRecord
from umbel_core.lanes import Backlog, LaneState
from umbel_core.ledger import TaskRecord
from umbel_core.op import Compute
from umbel_core.op_stats import CountedStats, Counters, OpStats
from umbel_core.stats import since
from umbel_core.stats_collector import StatsCollector
from umbel_core.sweeper_state import SweeperState

AT = datetime(2026, 1, 31, 12, 0, 30, tzinfo=UTC)
STATES = {"say": LaneState(4, "ready")}
BACKLOGS = {"say": Backlog(7, 2)}
CIRCUITS = {"a.example": CircuitRecord(failures=3)}


def task(job_id: str, op: str, queued_at: str, status: Any = "pending") -> TaskRecord:
    return TaskRecord(job_id=job_id, index=0, op=op, variant=op, input=1, queued_at=queued_at, status=status)


class Sources:
    """Counters, lanes, ledger and circuits at once; keeps what it was asked for."""

    def __init__(self, waiting: Mapping[str, int], jobs: Mapping[str, list[TaskRecord]]) -> None:
        self.waiting = waiting
        self.jobs = jobs
        self.asked: list[Any] = []
        self.found: dict[str, str] = {}
        """Op -> job, as the sweeper found it."""

    def counted(self, since: str) -> CountedStats:
        self.asked.append(since)
        stats = {op: OpStats(entered={"pending": count}) for op, count in self.waiting.items()}
        return CountedStats(forever=stats)

    def states(self) -> dict[str, LaneState]:
        return STATES

    def backlogs(self, computes: Mapping[str, Compute]) -> dict[str, Backlog]:
        assert dict(computes) == {op: card.compute for op, card in CATALOGUE.items()}
        return BACKLOGS

    def unfinished(self, limit: int) -> list[str]:
        return [job for job in self.jobs if job not in self.found.values()][:limit]

    def sweeper_state(self) -> SweeperState:
        return SweeperState(waiting=self.found)

    def last_tasks(self, job_id: str, limit: int) -> list[TaskRecord]:
        self.asked.append((job_id, limit))
        return self.jobs[job_id]

    def all(self) -> dict[str, CircuitRecord]:
        return CIRCUITS


def collect(sources: Sources) -> Any:
    counters = cast("Counters", sources)
    return StatsCollector(counters, sources, sources, sources, CATALOGUE, lambda: AT).collect()


def test_everything_is_read_as_of_now() -> None:
    sources = Sources({"say": 0}, {})
    found = collect(sources)
    assert (found.at, found.states, found.backlogs, found.circuits) == (AT, STATES, BACKLOGS, CIRCUITS)
    assert sources.asked == [since(AT)]


@pytest.mark.parametrize("count", [0, 1])
def test_jobs_are_read_only_when_tasks_wait(count: int) -> None:
    sources = Sources({"say": count}, {"j1": []})
    collect(sources)
    assert (("j1", 100) in sources.asked) is bool(count)


def test_the_oldest_waiting_task_of_each_op_is_found() -> None:
    jobs = {
        "j1": [task("j1", "say", "09:02"), task("j1", "say", "09:01"), task("j1", "say", "09:00", "running")],
        "j2": [task("j2", "soft", "09:05"), task("j2", "say", "08:59")],
        "j3": [task("j3", "soft", "08:00")],
    }
    sources = Sources({"say": 3, "soft": 1, "recite": 0}, jobs)
    assert collect(sources).oldest == {"say": "08:59", "soft": "09:05"}
    assert "j3" not in [asked[0] for asked in sources.asked[1:]]


def test_a_job_behind_many_old_ones_is_known_from_the_sweeper() -> None:
    jobs = {"j1": [task("j1", "say", "09:01")], "hidden": [task("hidden", "soft", "09:05")]}
    sources = Sources({"say": 1, "soft": 1}, jobs)
    sources.found = {"soft": "hidden"}
    assert collect(sources).oldest == {"say": "09:01", "soft": "09:05"}

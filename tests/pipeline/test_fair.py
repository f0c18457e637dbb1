"""A lane is fair, on the engine: live tasks overtake bulk, bulk goes on beside them, and bulk jobs take turns."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed
from tests.pipeline.lanes import paused, waiting
from tests.pipeline.waiting import wait_for

pytestmark = pytest.mark.engine

Done = Callable[..., dict[str, Any]]


def words(count: int) -> list[dict[str, Any]]:
    """Return tasks so long that twelve, three at a time, outlast the second in which a throttled mapping is idle."""
    return [{"op": "slow", "input": "word", "params": {"seconds": 0.4}}] * count


def started(api: ApiClient, **jobs: str) -> list[str]:
    """The names of the jobs, once for each of their tasks, in the order in which the tasks started."""
    tasks = [(task["started_at"], name) for name, job in jobs.items() for task in api.tasks(job)]
    return [name for _, name in sorted(tasks)]


def test_live_tasks_overtake_bulk_which_goes_on_and_bulk_jobs_take_turns(
    api: ApiClient, deployed: Deployed, done: Done
) -> None:
    with paused(api, "slow", 4):
        first, second = api.run(*words(40)), api.run(*words(40))
        wait_for(lambda: waiting(deployed, "op-slow-bulk") == (80, 0), "the bulk tasks to wait")
        live = api.run(*words(20))
        wait_for(lambda: waiting(deployed, "op-slow") == (20, 0), "the live tasks to wait")
    for job in (first, second, live):
        assert done(job)["status"] == "completed"
    order = started(api, first=first, second=second, live=live)
    assert "live" in order[:12], "no live task waits for more than the batches that are in flight"
    begun_beside = order[: len(order) - order[::-1].index("live")]
    assert begun_beside.count("first") + begun_beside.count("second") >= 4, "bulk goes on beside live"
    assert len(begun_beside) < 80, "and does not hold live up"
    assert abs(order[:50].count("first") - order[:50].count("second")) <= 12, "two bulk jobs take turns"


def test_a_single_task_may_be_bulk_and_a_large_job_live(api: ApiClient, deployed: Deployed, done: Done) -> None:
    with paused(api, "slow", 4):
        bulk = api.post("/jobs", {"tasks": words(1), "priority": "bulk"}).body["job_id"]
        live = api.post("/jobs", {"tasks": words(21), "priority": "live"}).body["job_id"]
        wait_for(lambda: waiting(deployed, "op-slow-bulk") == (1, 0), "the bulk task to wait")
        wait_for(lambda: waiting(deployed, "op-slow") == (21, 0), "the live tasks to wait")
    assert [done(job)["counts"]["completed"] for job in (bulk, live)] == [1, 21]
    assert api.get(f"/jobs/{bulk}").body["priority"] == "bulk"

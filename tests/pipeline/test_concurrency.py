"""Tests of an op's concurrency: at most so many tasks run at a time, and it can be changed while they run."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed
from tests.pipeline.lanes import lane, most_at_once, paused, waiting
from tests.pipeline.waiting import wait_for

pytestmark = pytest.mark.engine


def _words(count: int, seconds: float) -> list[dict[str, Any]]:
    return [{"op": "slow", "input": f"word {index}", "params": {"seconds": seconds}} for index in range(count)]


def _set(api: ApiClient, op: str, concurrency: int) -> tuple[datetime, datetime]:
    """Set an op's concurrency; return the times before and after the request."""
    before = datetime.now(UTC)
    answer = api.put(f"/ops/{op}", {"concurrency": concurrency})
    assert (answer.status, answer.body["concurrency"]) == (200, concurrency)
    return before, datetime.now(UTC)


def _of(api: ApiClient, job: str, op: str) -> list[dict[str, Any]]:
    return [task for task in api.tasks(job) if task["op"] == op]


def test_each_op_runs_at_most_its_concurrency_of_tasks_at_a_time(
    api: ApiClient, done: Callable[..., dict[str, Any]]
) -> None:
    _set(api, "slow", 1)
    _set(api, "sluggish", 4)
    sums = [{"op": "sluggish", "input": [index, 1]} for index in range(24)]
    job = api.run(*_words(8, 0.3), *sums)
    assert done(job)["counts"]["completed"] == 32
    assert most_at_once(_of(api, job, "slow")) == 1
    assert 2 <= most_at_once(_of(api, job, "sluggish")) <= 4
    _set(api, "slow", 4)


def test_a_new_concurrency_applies_within_five_seconds_under_load(
    api: ApiClient, done: Callable[..., dict[str, Any]]
) -> None:
    _set(api, "slow", 4)
    job = api.run(*_words(60, 0.3))
    wait_for(
        lambda: most_at_once(api.get(f"/jobs/{job}/tasks?status=completed").body["tasks"]) > 1,
        "several tasks to run at a time",
    )
    _, narrowed = _set(api, "slow", 1)
    grace = timedelta(seconds=5)
    wait_for(
        lambda: datetime.now(UTC) > narrowed + grace + timedelta(seconds=2),
        "the new concurrency to be in effect for some time",
    )
    still_narrow, widened = _set(api, "slow", 4)
    assert done(job)["counts"]["completed"] == 60
    tasks = api.tasks(job)
    assert most_at_once(tasks, since=narrowed + grace, until=still_narrow) == 1
    assert 2 <= most_at_once(tasks, since=widened, until=widened + grace) <= 4
    assert {task["attempts"] for task in tasks} == {1}


def test_a_paused_op_loses_no_task_and_delays_no_other_op(
    api: ApiClient, deployed: Deployed, done: Callable[..., dict[str, Any]]
) -> None:
    with paused(api, "slow", 4):
        job = api.run(*_words(6, 0), {"op": "sluggish", "input": [1, 2]})
        wait_for(lambda: waiting(deployed, "op-slow") == (6, 0), "six messages to wait")
        wait_for(lambda: _of(api, job, "sluggish")[0]["status"] == "completed", "the other lane to work")
        assert {task["status"] for task in _of(api, job, "slow")} == {"pending"}
        assert lane(api, "slow")["concurrency"] == 0
        health = api.get("/health").body
        assert (health["status"], health["ops"]["slow"]) == ("ok", "paused")
    ended = done(job)
    assert ended["counts"] == {"total": 7, "completed": 7, "failed": 0, "skipped": 0}
    assert {task["attempts"] for task in api.tasks(job)} == {1}

"""One number per op: no more than that many run at a time, and it can be changed while work goes on."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.pipeline.api import Api
from tests.pipeline.deployment import Deployed
from tests.pipeline.lanes import held, lane, most_at_once, waiting
from tests.pipeline.waiting import wait_for

pytestmark = pytest.mark.engine


def _words(count: int, seconds: float) -> list[dict[str, Any]]:
    return [{"op": "slow", "input": f"word {place}", "params": {"seconds": seconds}} for place in range(count)]


def _set(api: Api, op: str, concurrency: int) -> tuple[datetime, datetime]:
    """The moments before and after."""
    asked = datetime.now(UTC)
    answer = api.put(f"/ops/{op}", {"concurrency": concurrency})
    assert (answer.status, answer.body["concurrency"]) == (200, concurrency)
    return asked, datetime.now(UTC)


def _of(api: Api, job: str, op: str) -> list[dict[str, Any]]:
    return [task for task in api.tasks(job) if task["op"] == op]


def test_no_more_than_the_set_number_of_each_op_run_at_a_time(api: Api, done: Callable[..., dict[str, Any]]) -> None:
    _set(api, "slow", 1)
    _set(api, "sluggish", 4)
    sums = [{"op": "sluggish", "input": [place, 1]} for place in range(24)]
    job = api.run(*_words(8, 0.3), *sums)
    assert done(job)["counts"]["completed"] == 32
    assert most_at_once(_of(api, job, "slow")) == 1
    assert 2 <= most_at_once(_of(api, job, "sluggish")) <= 4
    _set(api, "slow", 4)


def test_a_new_number_holds_within_five_seconds_while_the_lane_is_loaded(
    api: Api, done: Callable[..., dict[str, Any]]
) -> None:
    _set(api, "slow", 4)
    job = api.run(*_words(60, 0.3))
    wait_for(lambda: most_at_once(api.get(f"/jobs/{job}/tasks?status=completed").body["tasks"]) > 1, "a wide lane")
    _, narrowed = _set(api, "slow", 1)
    grace = timedelta(seconds=5)
    wait_for(lambda: datetime.now(UTC) > narrowed + grace + timedelta(seconds=2), "the lane to be narrow for a while")
    still_narrow, widened = _set(api, "slow", 4)
    assert done(job)["counts"]["completed"] == 60
    tasks = api.tasks(job)
    assert most_at_once(tasks, since=narrowed + grace, until=still_narrow) == 1
    assert 2 <= most_at_once(tasks, since=widened, until=widened + grace) <= 4
    assert {task["attempts"] for task in tasks} == {1}


def test_a_paused_op_loses_nothing_and_holds_up_nobody(
    api: Api, deployed: Deployed, done: Callable[..., dict[str, Any]]
) -> None:
    with held(api, "slow", 4):
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

"""A job with `max_in_flight`, on the engine: no more of its tasks wait or run at a time, and all of them end."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed
from tests.pipeline.lanes import most_at_once, waiting
from tests.pipeline.waiting import wait_for

pytestmark = pytest.mark.engine

Done = Callable[..., dict[str, Any]]


def pauses(count: int) -> list[dict[str, Any]]:
    return [{"op": "wait", "input": 0.3}] * count


def test_at_no_time_do_more_tasks_of_a_job_wait_or_run_than_it_says(
    api: ApiClient, deployed: Deployed, done: Done
) -> None:
    job = api.run(*pauses(12), max_in_flight=2)
    looks: list[int] = []

    def has_ended() -> bool:
        looks.append(waiting(deployed, "op-wait")[0])
        return api.get(f"/jobs/{job}").body["status"] not in ("pending", "running")

    wait_for(has_ended, "the job to end")
    ended = done(job, "completed")
    assert (ended["counts"]["completed"], ended["max_in_flight"]) == (12, 2)
    tasks = api.tasks(job)
    assert most_at_once(tasks) == 2
    assert max(looks) <= 2
    assert [task["attempts"] for task in tasks] == [1] * 12


def test_a_cancelled_job_ends_although_most_of_its_tasks_were_never_sent(api: ApiClient, done: Done) -> None:
    job = api.run(*pauses(40), max_in_flight=1)
    wait_for(lambda: api.get(f"/jobs/{job}").body["counts"]["completed"], "a task to end")
    assert api.call("DELETE", f"/jobs/{job}").status == 202

    def skipped() -> bool:
        counts = api.get(f"/jobs/{job}").body["counts"]
        return bool(counts["completed"] + counts["skipped"] == 40)

    wait_for(skipped, "the other tasks to be skipped")
    assert done(job)["status"] == "cancelled"

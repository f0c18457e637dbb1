"""Workers killed at any moment, again and again: every task ends, none is lost, none is done twice in the ledger."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.pipeline.api import Api
from tests.pipeline.deployment import Deployed
from tests.pipeline.feed import Feed
from tests.pipeline.processes import workers
from tests.pipeline.waiting import wait_for

pytestmark = pytest.mark.engine

TASKS = 500
KILLS = 20


def test_twenty_killed_workers_cost_retries_and_no_task(
    api: Api, deployed: Deployed, feed: Feed, done: Callable[..., dict[str, Any]]
) -> None:
    words = [f"word {place}" for place in range(TASKS)]
    job = api.run(*({"op": "brisk", "input": word} for word in words))
    killed = seen = 0
    while killed < KILLS:
        seen = wait_for(lambda before=seen: _more(feed, job, before), "work to go on after the last kill")
        killed += _kill("op-brisk")
    ended = done(job)
    assert ended["counts"] == {"total": TASKS, "completed": TASKS, "failed": 0, "skipped": 0}
    tasks = api.tasks(job)
    assert [task["result"] for task in tasks] == [word[::-1] for word in words]
    assert max(task["attempts"] for task in tasks) > 1, "nobody was killed in the midst of work"
    assert not deployed.ledger.dead_letters("brisk")
    feed.ended(job)
    assert _completed(feed, job) == Counter(task["id"] for task in tasks), "each was committed once"


def _completed(feed: Feed, job: str) -> Counter[str]:
    """How often each task of the job was completed: the relay may say a thing twice, but not under two versions."""
    told = [
        message["task"] for message in list(feed.messages) if message["type"] == "task" and message["job_id"] == job
    ]
    return Counter(
        task for task, _ in {(task["id"], task["version"]) for task in told if task["status"] == "completed"}
    )


def _more(feed: Feed, job: str, before: int) -> int:
    """How many are completed, when they are more than before."""
    completed = len(_completed(feed, job))
    return completed if completed > before else 0


def _kill(function: str) -> int:
    """Kill every process of a function that is there; the number of them."""
    there = workers(function)
    for process in there:
        process.kill()
    return len(there)

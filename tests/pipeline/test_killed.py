"""A test that kills workers at random times: every task completes, and none is written twice."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed
from tests.pipeline.feed import SocketClient
from tests.pipeline.processes import workers
from tests.pipeline.waiting import wait_for

pytestmark = pytest.mark.engine

TASKS = 500
KILLS = 20


def test_with_twenty_killed_workers_every_task_completes_once(
    api: ApiClient, deployed: Deployed, feed: SocketClient, done: Callable[..., dict[str, Any]]
) -> None:
    words = [f"word {index}" for index in range(TASKS)]
    job = api.run(*({"op": "brisk", "input": word} for word in words))
    killed = seen = 0
    while killed < KILLS:
        seen = wait_for(partial(_more, feed, job, seen), "more tasks to complete after the last kill")
        killed += _kill("op-brisk")
    ended = done(job)
    assert ended["counts"] == {"total": TASKS, "completed": TASKS, "failed": 0, "skipped": 0}
    tasks = api.tasks(job)
    assert [task["result"] for task in tasks] == [word[::-1] for word in words]
    retried = {
        message["task"]["id"]
        for message in list(feed.messages)
        if message["type"] == "task" and "retrying" in message["task"]
    }
    assert retried, "at least one worker was killed during a task"
    assert not deployed.ledger.dead_letters("brisk")
    feed.wait_until_ended(job)
    assert _completed(feed, job) == Counter(task["id"] for task in tasks), "each was committed once"


def _completed(feed: SocketClient, job: str) -> Counter[str]:
    """Count how often each task of the job was completed.

    The relay may send a change twice, with the same version: that counts once.
    """
    tasks = [
        message["task"] for message in list(feed.messages) if message["type"] == "task" and message["job_id"] == job
    ]
    return Counter(
        task for task, _ in {(task["id"], task["version"]) for task in tasks if task["status"] == "completed"}
    )


def _more(feed: SocketClient, job: str, before: int) -> int:
    """Return the number of completed tasks if it is larger than before, else 0."""
    completed = len(_completed(feed, job))
    return completed if completed > before else 0


def _kill(function: str) -> int:
    """Kill every process of a function; return their number."""
    processes = workers(function)
    for process in processes:
        process.kill()
    return len(processes)

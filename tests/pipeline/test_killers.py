"""A test of a task that ends its worker's process each time: it fails alone, and soon."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed

pytestmark = pytest.mark.engine

GROUPS = 8
TASKS = 6
SECONDS = 90
"""On AWS and here, the first death of a batch costs the visibility of its queue: six timeouts of the op."""


def test_in_an_ordered_lane_a_task_that_kills_its_worker_fails_alone(
    api: ApiClient, deployed: Deployed, done: Callable[..., dict[str, Any]]
) -> None:
    start = time.monotonic()
    job = api.run(
        *(
            {"op": "fatalist", "input": "die" if place == group == 0 else f"{place}", "group": f"g{group}"}
            for place in range(TASKS)
            for group in range(GROUPS)
        )
    )
    ended = done(job)
    took = time.monotonic() - start
    killer, *others = api.tasks(job)
    assert (killer["status"], killer["error"]["code"], killer["attempts"]) == ("failed", "worker_died", 3)
    assert {task["status"] for task in others} == {"completed"}
    assert ended["counts"] == {"total": GROUPS * TASKS, "completed": GROUPS * TASKS - 1, "failed": 1, "skipped": 0}
    assert not deployed.ledger.dead_letters("fatalist")
    assert took < SECONDS

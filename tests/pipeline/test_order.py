"""Tests of groups: the tasks of a group run in order, groups run in parallel, and a failure stops only its group."""

from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from tests.pipeline.api import ApiClient
from tests.pipeline.lanes import most_at_once
from tests.pipeline.waiting import wait_for

pytestmark = pytest.mark.engine

GROUPS = ("north", "south", "east", "west")
Groups = dict[str, list[dict[str, Any]]]


def _started(api: ApiClient, words: dict[str, list[str]], **manifest: Any) -> str:
    # The groups' tasks alternate in the manifest, so that their order is not just that of the manifest.
    rows = [(group, row[index]) for index in range(6) for group, row in words.items() if index < len(row)]
    return api.run(*({"op": "inorder", "input": word, "group": group} for group, word in rows), **manifest)


def _groups(api: ApiClient, job: str) -> Groups:
    groups: Groups = defaultdict(list)
    for task in api.tasks(job):
        groups[task["group"]].append(task)
    return groups


def test_a_group_runs_in_order_and_groups_run_side_by_side(api: ApiClient, done: Callable[..., dict[str, Any]]) -> None:
    job = _started(api, {group: [f"{group} {index}" for index in range(6)] for group in GROUPS})
    assert done(job)["counts"]["completed"] == 24
    groups = _groups(api, job)
    for tasks in groups.values():
        assert all(before["finished_at"] <= after["started_at"] for before, after in pairwise(tasks))
        assert [task["result"] for task in tasks] == [task["input"].upper() for task in tasks]
    assert 2 <= most_at_once([task for tasks in groups.values() for task in tasks]) <= len(GROUPS)


def test_a_failure_stops_its_group_and_a_retry_resumes_there(
    api: ApiClient, done: Callable[..., dict[str, Any]]
) -> None:
    words = {group: [f"{group} {index}" for index in range(4)] for group in GROUPS}
    words["south"][1] = "bad south"
    job = _started(api, words, on_error="stop_group")
    ended = done(job)
    assert (ended["status"], ended["counts"]) == ("failed", {"total": 16, "completed": 13, "failed": 1, "skipped": 2})
    (error,) = ended["errors"]
    assert (error["code"], error["group"]) == ("bad_word", "south")
    before = _groups(api, job)["south"]
    assert [task["status"] for task in before] == ["completed", "failed", "skipped", "skipped"]
    assert {task["error"]["code"] for task in before[2:]} == {"group_stopped"}

    assert api.post(f"/jobs/{job}/retry").status == 202
    wait_for(lambda: api.get(f"/jobs/{job}").body["version"] > ended["version"], "the retry to start")
    assert done(job)["counts"] == ended["counts"]
    after = _groups(api, job)["south"]
    assert after[0] == before[0]
    assert [task["status"] for task in after] == ["completed", "failed", "skipped", "skipped"]
    assert after[1]["started_at"] > before[1]["started_at"]


def test_for_an_op_that_is_not_ordered_a_failure_skips_tasks_that_have_not_started(
    api: ApiClient, done: Callable[..., dict[str, Any]]
) -> None:
    words = [{"op": "slow", "input": word, "group": "north"} for word in ("bad", *"abcdefghijklmnopqrst")]
    job = api.run(*words, {"op": "slow", "input": "x", "group": "south"}, on_error="stop_group")
    counts = done(job)["counts"]
    assert (counts["failed"], counts["completed"] + counts["skipped"]) == (1, 21)
    skipped = [task for task in api.tasks(job) if task["status"] == "skipped"]
    assert skipped
    assert {(task["group"], task["error"]["code"]) for task in skipped} == {("north", "group_stopped")}

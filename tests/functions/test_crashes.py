"""A crash between any two effects of any function: each task still ends once, and everything is counted."""

from collections import Counter
from typing import get_args

import pytest

from relay.changes import read_changes
from tests.functions.crashing import CrashingFlow, Function
from umbel_core.ledger import ENDED, INTAKE
from umbel_core.op_stats import FOREVER

MOMENTS: dict[Function, int] = {
    "coordinator": 145,
    "worker": 155,
    "relay": 125,
    "dead-letter function": 25,
    "sweeper": 125,
}
"""At least as many as each function has when none crashes: some more or less, by how fast the test runs."""
ENDS = {
    "values": ["completed", "bad", "completed", "busy", "given_up", "completed"],
    "group": ["completed", "completed", "bad", "group_stopped"],
    "picture": ["completed"],
    "removed": ["op_removed"],
    "limited": ["completed", "given_up", "completed", "bad", "completed", "busy", "completed"],
    "limited group": ["completed", "completed", "bad", "completed", "completed"],
    "limited uncounted": ["completed"] * 5,
    "uncounted": ["completed"],
    "unplanned": ["completed"],
    "given up": [],
}
"""What becomes of each task: its error's code, or that it is completed."""


@pytest.mark.parametrize("function", get_args(Function))
def test_each_function_has_effects_between_which_it_may_crash(function: Function) -> None:
    assert 10 <= CrashingFlow().run().crashes.moments[function] <= MOMENTS[function]


@pytest.mark.parametrize(
    ("function", "moment"), [(name, moment) for name, count in MOMENTS.items() for moment in range(count + 1)]
)
def test_after_a_crash_at_any_moment_each_task_ends_once_and_is_counted(function: Function, moment: int) -> None:
    """At moment 0 nothing crashes."""
    flow = CrashingFlow(function, moment).run()
    jobs = flow.jobs()
    assert {
        name: [task.error.code if task.error else task.status for task in tasks] for name, (_, tasks) in jobs.items()
    } == ENDS
    for job, tasks in jobs.values():
        counted = Counter(task.status for task in tasks)
        assert (job.completed, job.failed, job.skipped) == tuple(counted[status] for status in ENDED)
        assert job.status == ("completed" if tasks and job.completed == len(tasks) else "failed")
    assert flow.job("given up").errors[0].code == "not_planned"
    changes = read_changes(flow.stage.ledger.stream)
    ends = Counter(
        change.task.id for change in changes.tasks if change.task.status in ENDED and change.old not in ENDED
    )
    assert set(ends.values()) == {1}
    assert not [change for change in changes.tasks if change.old in ENDED], "a task that ended changed again"
    tasks = [task for _, tasks in jobs.values() for task in tasks]
    stats = flow.stage.ledger.counted(FOREVER).forever
    assert {(op, status): stats[op].count(status) for op in stats for status in ENDED} == {
        (op, status): sum((task.op, task.status) == (op, status) for task in tasks) for op in stats for status in ENDED
    }
    uncounted = [flow.job(name).id for name in ("uncounted", "limited uncounted")]
    pushed = {(it["task"]["id"], it["task"]["status"]) for it in flow.stage.connections.received["s1"] if "task" in it}
    assert {(task.id, task.status) for task in tasks if task.job_id not in uncounted} <= pushed
    assert [len(flow.stage.ledger.dead_letters(op)) for op in ("say", INTAKE)] == [1, 1]

"""A job's counts are the same whatever the batches, repetitions and order of its changes."""

from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from umbel_core.contract.records import JobStatus, TaskStatus
from umbel_core.cost import plan_cost_nano
from umbel_core.fold import TaskChange, fold, recount
from umbel_core.ledger import ENDED, KEPT_ERRORS, ErrorRecord, JobRecord, TaskRecord

MOMENT = "2026-01-31T12:00:00.123Z"
NEXT: dict[str, list[TaskStatus]] = {
    "pending": ["pending", "running", "completed", "failed", "skipped"],
    "running": ["completed", "failed"],
    "failed": ["pending"],
    "skipped": ["pending"],
    "completed": [],
}


def job(total: int, status: JobStatus = "pending") -> JobRecord:
    return JobRecord(id="j", kind="task", name="n", created_at=MOMENT, updated_at=MOMENT, total=total, status=status)


def change(place: int, index: int, old: TaskStatus, new: TaskStatus) -> TaskChange:
    error = ErrorRecord("c", "m") if new == "failed" else None
    variant = f"v{index}"
    task = TaskRecord(
        job_id="j", index=index, op="o", variant=variant, input=1, status=new, error=error, queued_at=MOMENT
    )
    return TaskChange(f"{place:040}", old, task)


@st.composite
def histories(draw: st.DrawFn) -> tuple[int, list[TaskChange]]:
    total = draw(st.integers(1, 6))
    states: dict[int, TaskStatus] = dict.fromkeys(range(total), "pending")
    changes = []
    for place in range(draw(st.integers(0, 25))):
        index = draw(st.integers(0, total - 1))
        if NEXT[states[index]]:
            new = draw(st.sampled_from(NEXT[states[index]]))
            changes.append(change(place, index, states[index], new))
            states[index] = new
    return total, changes


def timeless(folded: JobRecord) -> JobRecord:
    return msgspec.structs.replace(folded, updated_at="", version=0)


@given(histories(), st.data())
def test_split_repeated_and_shuffled_changes_count_once(
    history: tuple[int, list[TaskChange]], data: st.DataObject
) -> None:
    total, changes = history
    at_once = fold(job(total), changes) or job(total)
    counted = Counter({each.task.index: each.task.status for each in changes}.values())
    assert (at_once.completed, at_once.failed, at_once.skipped) == tuple(counted[status] for status in ENDED)
    piecemeal, done = job(total), 0
    while done < len(changes):
        end = data.draw(st.integers(done + 1, len(changes)))
        batch = changes[max(0, done - data.draw(st.integers(0, 4))) : end]
        piecemeal = fold(piecemeal, data.draw(st.permutations(batch))) or piecemeal
        assert fold(piecemeal, batch) is None, "counted before"
        done = end
    assert timeless(piecemeal) == timeless(at_once)


@pytest.mark.parametrize(
    ("ends", "status"),
    [
        (["completed", "completed"], "completed"),
        (["completed", "failed"], "failed"),
        (["skipped", "completed"], "failed"),
        (["completed", "running"], "running"),
    ],
)
def test_the_status_of_a_job_follows_from_its_tasks(ends: list[TaskStatus], status: str) -> None:
    folded = fold(job(2), [change(place, place, "pending", end) for place, end in enumerate(ends)])
    assert folded
    assert folded.status == status


def test_a_cancelled_job_is_counted_but_stays_cancelled() -> None:
    folded = fold(job(1, "cancelled"), [change(0, 0, "pending", "skipped")])
    assert folded
    assert (folded.status, folded.skipped) == ("cancelled", 1)


def test_a_retry_removes_the_error() -> None:
    failed = fold(job(1), [change(0, 0, "pending", "failed")])
    assert failed
    assert [error.task for error in failed.errors] == ["j.0"]
    again = fold(failed, [change(1, 0, "failed", "pending"), change(2, 0, "pending", "completed")])
    assert again
    assert (again.errors, again.failed, again.completed, again.status) == ([], 0, 1, "completed")


def test_a_job_lists_a_limited_number_of_errors() -> None:
    many = KEPT_ERRORS + 5
    folded = fold(job(many), [change(place, place, "pending", "failed") for place in range(many)])
    assert folded
    assert (len(folded.errors), folded.failed, folded.variants) == (KEPT_ERRORS, many, {})


def test_a_recount_ignores_earlier_counts() -> None:
    tasks = [change(0, 0, "pending", "completed").task, change(0, 1, "pending", "failed").task]
    wrong = msgspec.structs.replace(job(2), completed=9, failed=9, errors=[ErrorRecord("x", "y")], folded_to="7")
    counted = recount(wrong, tasks)
    assert (counted.completed, counted.failed, counted.skipped, counted.status) == (1, 1, 0, "failed")
    assert [error.task for error in counted.errors] == ["j.1"]
    assert counted.folded_to == "7", "a record that the stream repeats must not be counted again"


PLANNED = plan_cost_nano(1)


@pytest.mark.parametrize(("before", "after"), [(0, PLANNED + 30), (PLANNED + 50, PLANNED + 50)])
def test_a_recount_never_lowers_the_cost(before: int, after: int) -> None:
    """The job's cost includes what it cost to count its tasks, of which they keep nothing."""
    tasks = [msgspec.structs.replace(change(0, 0, "pending", "completed").task, cost_nano=30)]
    assert recount(msgspec.structs.replace(job(1), cost_nano=before), tasks).cost_nano == after


def test_each_run_of_a_task_adds_its_cost_once() -> None:
    error = change(0, 0, "pending", "pending")
    failed = msgspec.structs.replace(error, task=msgspec.structs.replace(error.task, cost_nano=10))
    end = change(1, 0, "pending", "completed")
    ended = msgspec.structs.replace(end, task=msgspec.structs.replace(end.task, cost_nano=25), old_cost_nano=10)
    repeated = change(2, 0, "completed", "completed")
    late = msgspec.structs.replace(
        repeated, task=msgspec.structs.replace(repeated.task, cost_nano=40), old_cost_nano=25
    )
    folded = fold(job(1), [failed, ended, late], 3)
    assert folded
    assert (folded.cost_nano, folded.completed) == (43, 1), "three runs, and what it costs to count them"


def test_each_end_adds_its_cost_once() -> None:
    ended = change(0, 0, "pending", "completed")
    costly = msgspec.structs.replace(ended, task=msgspec.structs.replace(ended.task, cost_nano=30))
    folded = fold(job(1), [costly])
    assert folded
    assert folded.cost_nano == 30
    assert fold(folded, [costly]) is None


def test_a_small_job_keeps_what_its_tasks_made() -> None:
    folded = fold(job(1), [change(0, 0, "pending", "completed")])
    assert folded
    assert folded.variants["v0"]["status"] == "completed"

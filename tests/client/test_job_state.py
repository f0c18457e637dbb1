"""The known state of a job never goes back, in whatever order messages arrive."""

import itertools

from umbel.job_state import JobState
from umbel_core.contract import Counts, Job, JobStatus, Task, TaskStatus

JOB = f"j{1:020x}"


def _job(version: int, status: JobStatus = "running", completed: int = 0) -> Job:
    counts = Counts(total=2, completed=completed)
    return Job(
        id=JOB, kind="manifest", name="", status=status, counts=counts, created_at="", updated_at="", version=version
    )


def _task(index: int, version: int, status: TaskStatus) -> Task:
    task_id = f"{JOB}.{index}"
    return Task(id=task_id, job_id=JOB, op="a", variant="a", input="", queued_at="", status=status, version=version)


def test_every_order_of_the_same_messages_ends_in_the_same_state() -> None:
    messages: list[Job | Task] = [_job(1), _job(2, "completed", 2), _task(0, 1, "running"), _task(0, 2, "completed")]
    for order in itertools.permutations(messages):
        state = JobState()
        for message in (*order, *order):
            state.is_news(message)
        assert state.job == messages[1]
        assert state.misses_tasks, "of two ended tasks one is known"
        assert state.is_news(_task(1, 2, "skipped"))
        assert not state.misses_tasks


def test_a_message_that_came_before_is_no_news() -> None:
    state = JobState()
    assert [state.is_news(_job(1)), state.is_news(_job(1)), state.is_news(_job(0))] == [True, False, False]


def test_a_task_that_runs_again_has_not_ended() -> None:
    state = JobState()
    state.is_news(_job(3, completed=1))
    state.is_news(_task(0, 2, "completed"))
    state.is_news(_task(0, 3, "pending"))
    assert state.misses_tasks

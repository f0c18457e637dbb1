"""Shared tasks: whoever is free runs the next task, and every task is run, whoever dies."""

from typing import Any

import pytest

from tests.fakes import FakeLedger
from umbel_core.clock import now
from umbel_core.errors import Transient
from umbel_core.group_order import NotEndedError
from umbel_core.ledger import JobRecord, Outcome, TaskRecord
from umbel_core.messages import RunTask
from worker.sharing import run_shared


class Job:
    """A job of shared tasks, and which of them were run, in order."""

    def __init__(self, total: int) -> None:
        self.ledger = FakeLedger()
        moment = now()
        job = JobRecord(
            id="j1", kind="crawl", name="n", created_at=moment, updated_at=moment, planned=True, total=total
        )
        tasks = [
            TaskRecord(
                job_id="j1", index=index, op="say", variant=f"say-{index}", input="", shared=True, queued_at=moment
            )
            for index in range(total)
        ]
        self.ledger.plan(job, tasks)
        self.commands = [task.command() for task in tasks]
        self.ran: list[int] = []
        self.failing: dict[int, Exception] = {}
        self.seconds = 1000

    def run(self, command: RunTask, receives: int) -> None:
        """Complete a task, or fail as planned."""
        self.ran.append(command.index)
        self.seconds -= 1
        assert self.ledger.begin(command, str(len(self.ran)), 30, again=receives > 1)
        if error := self.failing.pop(command.index, None):
            self.ledger.record_error(command, receives, str(error), transient=isinstance(error, Transient))
            raise error
        moment = now()
        outcome = Outcome(
            status="completed",
            result=None,
            error=None,
            attempts=receives,
            started_at=moment,
            finished_at=moment,
            duration_ms=1,
            cost_nano=1,
            worker="w",
        )
        self.ledger.commit(command, outcome)

    def let_another_begin(self, index: int, seconds: int) -> None:
        """Take the next task for a worker that needs so many seconds at most, and does not end it."""
        assert self.ledger.take_next("j1") == index
        assert self.ledger.begin(self.commands[index], "another", seconds, again=False)

    def deliver(self, index: int, receives: int = 1, **options: Any) -> None:
        run_shared(self.commands[index], receives, self.ledger, self.run, lambda: self.seconds > 0)


def test_one_message_runs_every_task_that_nobody_has_taken() -> None:
    job = Job(5)
    job.deliver(2)
    assert job.ran == [0, 1, 2, 3, 4]
    for index in range(5):
        job.deliver(index)
    assert job.ran == [0, 1, 2, 3, 4]


def test_a_task_that_another_worker_runs_is_left_to_it() -> None:
    job = Job(3)
    job.let_another_begin(0, seconds=30)
    job.deliver(1)
    assert job.ran == [1, 2]
    with pytest.raises(NotEndedError, match="task 0 is being run by another worker"):
        job.deliver(0)
    assert job.ran == [1, 2]


def test_a_task_whose_worker_died_is_run_by_its_own_message_when_the_time_of_that_worker_is_up() -> None:
    job = Job(1)
    job.let_another_begin(0, seconds=0)
    job.deliver(0)
    assert job.ran == [0]


def test_a_task_whose_worker_died_before_it_began_is_run_by_its_own_message() -> None:
    job = Job(1)
    job.ledger.take_next("j1")
    job.deliver(0)
    assert job.ran == [0]


def test_an_error_of_another_task_is_left_to_its_own_message() -> None:
    job = Job(3)
    job.failing[1] = RuntimeError("that broke")
    job.deliver(0)
    assert job.ran == [0, 1, 2]
    job.deliver(1)
    assert job.ran == [0, 1, 2, 1]


def test_an_error_of_its_own_task_is_raised_when_the_others_have_run() -> None:
    job = Job(3)
    job.failing[0] = RuntimeError("that broke")
    with pytest.raises(RuntimeError, match="that broke"):
        job.deliver(0)
    assert job.ran == [0, 1, 2]
    job.deliver(0, 2)
    assert job.ran == [0, 1, 2, 0]


def test_a_task_of_a_busy_host_waits_when_another_message_tried_it() -> None:
    job = Job(2)
    job.failing[1] = Transient("host_busy", "Later.", after_seconds=30)
    job.deliver(0)
    with pytest.raises(Transient) as refusal:
        job.deliver(1)
    assert (refusal.value.code, refusal.value.after_seconds) == ("host_busy", 60)
    job.deliver(1, 2)
    assert job.ran == [0, 1, 1]


def test_a_message_stops_taking_tasks_when_the_time_is_up() -> None:
    job = Job(5)
    job.seconds = 2
    with pytest.raises(NotEndedError, match="no time is left to run task 4"):
        job.deliver(4)
    assert job.ran == [0, 1]
    job.seconds = 9
    job.deliver(4, 2)
    assert job.ran == [0, 1, 2, 3, 4]


def test_tasks_that_have_ended_are_passed_over() -> None:
    job = Job(3)
    job.run(job.commands[1], 1)
    job.deliver(0)
    assert job.ran == [1, 0, 2]

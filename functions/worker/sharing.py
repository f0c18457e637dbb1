"""Shared tasks: a worker that is free runs the next task of its job, so that a slow task holds up no other.

Each message of such a job runs the next tasks that no worker has taken, one after another, while there are any and
there is time. Its own task may be run by another message; at the end it makes sure that it was.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress

from umbel_core.errors import Transient
from umbel_core.group_order import NotEndedError
from umbel_core.ledger import ENDED, Ledger, TaskRecord
from umbel_core.messages import RunTask

_MINUTE = 60

Run = Callable[[RunTask, int], object]


def run_shared(command: RunTask, receives: int, ledger: Ledger, run: Run, in_time: Callable[[], bool]) -> None:
    """Run the next tasks of the job, and the message's own if nobody else does.

    `run` gets a task and its number of receives; an error of its is raised only for the message's own task.
    """
    own_error: Exception | None = None
    for task in _next_tasks(command.job_id, ledger, in_time):
        if task.index == command.index:
            try:
                run(command, receives)
            except Exception as error:  # noqa: BLE001 - raised below, when the other tasks have run
                own_error = error
        else:
            with suppress(Exception):  # recorded by the runner; the task's own message runs it again
                run(task.command(), 1)
    if own_error:
        raise own_error
    own = ledger.task(command.job_id, command.index)
    if own is None or own.status in ENDED:
        return
    if own.transient_refusals and receives == 1:
        raise Transient("host_busy", own.last_error or "", after_seconds=_MINUTE)
    if own.may_be_running:
        raise NotEndedError(f"task {own.index} is being run by another worker")
    if not in_time():
        raise NotEndedError(f"no time is left to run task {own.index}")
    # The worker that took the task has failed or died. The message's receives say nothing: it waited for that worker.
    run(command, 1 + (own.begun > 0))


def _next_tasks(job_id: str, ledger: Ledger, in_time: Callable[[], bool]) -> Iterator[TaskRecord]:
    """Take the job's tasks, one at a time, until none is left or the time is up."""
    while in_time():
        task = ledger.task(job_id, ledger.take_next(job_id))
        if task is None:
            return
        if task.status not in ENDED:
            yield task

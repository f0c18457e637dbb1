"""Decides by the tasks of its group whether a task may run. Workers and the dead-letter function ask the same."""

from umbel_core.ledger import ENDED, Ledger, stopped_by
from umbel_core.messages import RunTask


class Skipped(Exception):  # noqa: N818 - a decision, not an error
    """The task must not run; code and sentence say why."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


CANCELLED = "cancelled", "The job was cancelled before this task started."
DEADLINE = "deadline", "The job's deadline passed before this task started."
"""Code and sentence of a task that is skipped for this reason."""


class NotEndedError(Exception):
    """The task before this one in its group has not ended; the message must be delivered again."""


def check_task_before(ledger: Ledger, command: RunTask) -> None:
    """Raise `Skipped` when the task before failed or was skipped, `NotEndedError` when it has not ended.

    Where a failure does not stop its group, it is enough that the task before has ended.

    That it has not failed is not enough: a queue goes on after a message that it gave up, before the dead-letter
    function has marked its task failed.
    """
    before = None if command.after is None else ledger.task(command.job_id, command.after)
    if before is None or before.status == "completed" or (command.after_ended and before.status in ENDED):
        return
    if before.error is None:
        raise NotEndedError(f"task {before.index} of the group '{command.group}' has not ended yet")
    if before.status == "failed":
        raise Skipped("group_stopped", stopped_by(before, before.error))
    raise Skipped(before.error.code, before.error.message)

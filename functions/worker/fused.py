"""The lane of fused recipes: the tasks of one message run one after another, on a picture that is decoded once."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from typing import Any

import msgspec
from aws_lambda_powertools import Logger

from umbel_core.errors import LastAttemptError, Postponed, Rejected
from umbel_core.messages import RunTask
from worker.work import Op, Work


def run_together(
    command: RunTask, receives: int, run: Callable[[RunTask, int], object], in_time: Callable[[], bool], logger: Logger
) -> None:
    """Run all tasks of a message, whatever one of them ends in; then raise an error of those that have not ended.

    The message is received again, and the ledger refuses the tasks that have ended. When each of the others was given
    up, the message becomes a dead letter.
    """
    errors: list[Exception] = []
    for task in command.tasks:
        if not in_time():
            errors.append(Postponed("no time is left for the other tasks of the message", 0))
            break
        others = [other for other in command.tasks if other.index != task.index]
        try:
            run(msgspec.structs.replace(task, together=others), receives)
        except Exception as error:
            logger.exception("task failed", extra={"receives": receives})
            errors.append(error)
    if errors:
        raise next((error for error in errors if not isinstance(error, LastAttemptError)), errors[0])


class FusedWork:
    """The work of all ops of the lane. It keeps the last picture, for the next task if that is of the same one."""

    def __init__(self, works: Mapping[str, Work], pictures: Collection[str]) -> None:
        """`pictures` are the ops that take a picture; others share its file."""
        self._works = works
        self._pictures = pictures
        self._named: tuple[Any, ...] | None = None
        self._content: Any = None
        self._picture: Any = None

    def __call__(self, command: RunTask) -> Any:
        """Run the op of one task. `command.together` are the other tasks of the message."""
        work = self._works.get(command.op)
        if work is None:  # the message is older than the deployment
            sentence = f"The op '{command.op}' was removed from the fused recipes before this task ran. Retry it."
            raise Rejected("op_removed", sentence)
        named = command.job_id, command.input, command.etag, command.object_version
        if named != self._named:
            # Dropped first, so that two pictures are never in memory together.
            self._named = self._content = self._picture = None
            self._content = work.source.read(command)
            self._named = named
        return work.run(command, self._source(work, command))

    def _source(self, work: Work, command: RunTask) -> Any:
        if command.op not in self._pictures:
            return work.source.open(self._content)
        if self._picture is None:
            picture = work.source.open(self._content)
            picture.keep_pixels(self._ops(command.tasks))
            self._picture = picture
        return self._picture

    def _ops(self, tasks: list[RunTask]) -> Iterator[Op]:
        for task in tasks:
            with suppress(Rejected):  # its own run says so
                if task.op in self._pictures:
                    yield self._works[task.op].op(task)

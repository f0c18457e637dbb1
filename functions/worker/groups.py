"""An ordered lane's batch by groups: the tasks of a group run one after another."""

from collections import defaultdict
from collections.abc import Callable, Iterable

import msgspec

from umbel_core.messages import RunTask
from umbel_core.sqs import Message


def groups_of(messages: Iterable[Message]) -> list[list[Message]]:
    """Return the messages of each group, in order. One that cannot be read is by itself, and fails alone."""
    groups: dict[tuple[str, str | int], list[Message]] = defaultdict(list)
    for message in messages:
        groups[_group(message)].append(message)
    return list(groups.values())


def run_group(
    group: list[Message],
    process: Callable[[Message], bool],
    hand_back_behind: Callable[[Message, Message], None],
) -> list[Message]:
    """Process a group in order; return the messages that must be delivered again.

    `process` returns False when its task must be tried again. The messages behind it are not processed, but handed back
    with `hand_back_behind(head, message)`, so that none overtakes it.
    """
    for place, message in enumerate(group):
        if not process(message):
            for behind in group[place + 1 :]:
                hand_back_behind(message, behind)
            return group[place:]
    return []


def _group(message: Message) -> tuple[str, str | int]:
    """Return the task's own job and group: not every queue delivers the message group id."""
    try:
        command = msgspec.json.decode(message.body, type=RunTask)
    except msgspec.DecodeError:
        return "", message.id
    return command.job_id, command.index if command.group is None else command.group

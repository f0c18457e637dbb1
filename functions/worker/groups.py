"""An ordered lane's batch: groups run in parallel, the tasks of a group one after another."""

from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import msgspec

from umbel_core.messages import RunTask
from umbel_core.sqs import Message


def run_groups(
    messages: list[Message],
    process: Callable[[Message], bool],
    hand_back_behind: Callable[[Message, Message], None],
) -> list[Message]:
    """Run the batch; return the messages that must be delivered again.

    `process` returns False when its task must be tried again. The messages behind it in its group are not processed,
    but handed back with `hand_back_behind(head, message)`, so that none overtakes it.
    """
    groups: dict[tuple[str, str | int], list[Message]] = defaultdict(list)
    for message in messages:
        groups[_group(message)].append(message)

    def run(group: list[Message]) -> list[Message]:
        for place, message in enumerate(group):
            if not process(message):
                for behind in group[place + 1 :]:
                    hand_back_behind(message, behind)
                return group[place:]
        return []

    with ThreadPoolExecutor(len(groups)) as pool:
        return [message for failed in pool.map(run, groups.values()) for message in failed]


def _group(message: Message) -> tuple[str, str | int]:
    """Return the task's own job and group: not every queue delivers the message group id."""
    command = msgspec.json.decode(message.body, type=RunTask)
    return command.job_id, command.index if command.group is None else command.group

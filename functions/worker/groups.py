"""An ordered lane's batch: groups side by side, the tasks of a group one after another."""

from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from umbel_core.messages import RunTask

Record = dict[str, Any]


def run_groups(
    records: list[Record], take: Callable[[Record], bool], put_behind: Callable[[Record, Record], None]
) -> list[str]:
    """Run the batch; ids of the messages that are to come again.

    `take` says False when its task is to be tried again. What is behind it in its group must not overtake it, so it
    goes back unseen: `put_behind(head, record)`.
    """
    groups: dict[Any, list[Record]] = defaultdict(list)
    for record in records:
        groups[_group(record["body"])].append(record)

    def run(group: list[Record]) -> list[Record]:
        for place, record in enumerate(group):
            if not take(record):
                for behind in group[place + 1 :]:
                    put_behind(record, behind)
                return group[place:]
        return []

    with ThreadPoolExecutor(len(groups)) as pool:
        return [record["messageId"] for again in pool.map(run, groups.values()) for record in again]


def _group(body: str) -> tuple[str, str | int]:
    """Job and group as the task itself has them: not every queue passes the message's own group on."""
    command = msgspec.json.decode(body, type=RunTask)
    return command.job_id, command.index if command.group is None else command.group

"""SNS -> the lanes: tasks published ten to a call, calls side by side."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import msgspec

from umbel_core.messages import RunTask

_PER_CALL = 10
_SIDE_BY_SIDE = 8


class PublishError(Exception):
    """SNS did not take every message; the whole plan is published again."""


class SnsTasks:
    """Where tasks go: the topic, which hands each to the lane of its op."""

    def __init__(self, sns: Any, topic: str) -> None:
        self._sns = sns
        self._topic = topic

    def publish(self, commands: Iterable[RunTask]) -> int:
        """Publish all, and say how many they were. Memory stays flat however many there are."""
        count = 0
        batches = _batches(commands)
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            while window := list(islice(batches, _SIDE_BY_SIDE)):
                if len(window) == 1:
                    count += self._publish(window[0])
                else:
                    count += sum(pool.map(self._publish, window))
        return count

    def _publish(self, batch: list[RunTask]) -> int:
        entries = [
            {
                "Id": str(place),
                "Message": msgspec.json.encode(command).decode(),
                "MessageAttributes": {"op": {"DataType": "String", "StringValue": command.op}},
            }
            for place, command in enumerate(batch)
        ]
        refused = self._sns.publish_batch(TopicArn=self._topic, PublishBatchRequestEntries=entries).get("Failed")
        if refused:
            raise PublishError(f"{len(refused)} of {len(batch)} tasks: {refused[0].get('Message', refused[0]['Code'])}")
        return len(batch)


def _batches(commands: Iterable[RunTask]) -> Iterator[list[RunTask]]:
    remaining = iter(commands)
    while batch := list(islice(remaining, _PER_CALL)):
        yield batch

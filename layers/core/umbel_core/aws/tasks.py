"""SNS -> the lanes: tasks published ten to a call, calls side by side; what is ordered, in its order."""

from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any
from zlib import crc32

import msgspec

from umbel_core.messages import RunTask

_PER_CALL = 10
_ESCAPED = {code: f"\\u{code:04x}" for code in (0xFFFE, 0xFFFF)}
"""What JSON carries and messages do not: SNS and SQS take the characters of XML."""
_CALL_BYTES = 250_000
"""SNS takes 256 KB in one call, attributes included."""
_ATTRIBUTES = 200
_SIDE_BY_SIDE = 8
_WINDOW = 800
"""Commands that are held at a time, however many there are."""


class PublishError(Exception):
    """SNS did not take every message; the whole plan is published again."""


class SnsTasks:
    """Where tasks go: a topic, which hands each to the lane of its op. Ordered ops have a FIFO topic of their own."""

    def __init__(self, sns: Any, topic: str, ordered_topic: str, ordered_ops: Collection[str]) -> None:
        self._sns = sns
        self._topic = topic
        self._ordered_topic = ordered_topic
        self._ordered_ops = frozenset(ordered_ops)

    def publish(self, commands: Iterable[RunTask]) -> int:
        """Publish all, and say how many they were."""
        count = 0
        remaining = iter(commands)
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            while window := list(islice(remaining, _WINDOW)):
                rows = self._rows(window)
                list(map(self._publish_row, rows) if len(rows) == 1 else pool.map(self._publish_row, rows))
                count += len(window)
        return count

    def _rows(self, window: list[RunTask]) -> list[list[list[RunTask]]]:
        """Rows of calls: rows run side by side, the calls of a row one after another.

        What is ordered is one row, as the plan has it: lanes take what lies together, and a plan that deals its groups
        in turn has as many of them at work as a batch has places.
        """
        free = [command for command in window if command.op not in self._ordered_ops]
        ordered = [command for command in window if command.op in self._ordered_ops]
        return [*([batch] for batch in _batches(free)), *([list(_batches(ordered))] if ordered else [])]

    def _publish_row(self, row: list[list[RunTask]]) -> None:
        for batch in row:
            ordered = batch[0].op in self._ordered_ops
            entries = [self._entry(place, command, ordered=ordered) for place, command in enumerate(batch)]
            topic = self._ordered_topic if ordered else self._topic
            refused = self._sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries).get("Failed")
            if refused:
                reason = refused[0].get("Message", refused[0]["Code"])
                raise PublishError(f"{len(refused)} of {len(batch)} tasks: {reason}")

    def _entry(self, place: int, command: RunTask, *, ordered: bool) -> dict[str, Any]:
        entry = {
            "Id": str(place),
            "Message": _message(command),
            "MessageAttributes": {"op": {"DataType": "String", "StringValue": command.op}},
        }
        if ordered:
            entry["MessageGroupId"] = _group(command)
            entry["MessageDeduplicationId"] = f"{command.job_id}.{command.index}.{command.round}"
        return entry


def _message(command: RunTask) -> str:
    return msgspec.json.encode(command).decode().translate(_ESCAPED)


def _group(command: RunTask) -> str:
    """The FIFO group: what has no group in its job waits for nobody. Hashed: callers name groups freely."""
    name = command.group if command.group is not None else f"#{command.index}"
    return f"{command.job_id}-{crc32(name.encode()):08x}-{len(name)}"


def _batches(commands: list[RunTask]) -> Iterator[list[RunTask]]:
    batch: list[RunTask] = []
    size = 0
    for command in commands:
        length = len(_message(command).encode()) + _ATTRIBUTES
        if batch and (len(batch) == _PER_CALL or size + length > _CALL_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(command)
        size += length
    if batch:
        yield batch

"""SNS -> the lanes: tasks are published ten per call and calls run in parallel, except those of ordered ops."""

from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING
from zlib import crc32

import msgspec

from umbel_core.fused_lane import FUSED, packed
from umbel_core.messages import BULK, RunTask

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import PublishBatchRequestEntryTypeDef

_PER_CALL = 10
_ESCAPED = {code: f"\\u{code:04x}" for code in (0xFFFE, 0xFFFF)}
"""Characters that JSON may contain but SNS and SQS refuse, because they are not allowed in XML."""
_CALL_BYTES = 250_000
"""SNS takes 256 KB in one call, attributes included."""
_ATTRIBUTE_BYTES = 200
_PARALLEL_CALLS = 8
_WINDOW = 800
"""The most tasks that are in memory at a time."""

Calls = list[list[RunTask]]
"""The batches of calls that run one after another."""


class PublishError(Exception):
    """SNS did not accept every task; the caller must publish all of them again."""


class SnsTasks:
    """The topics that deliver each task to the lane of its op. Ordered ops have a FIFO topic of their own."""

    def __init__(
        self,
        sns: "SNSClient",
        topic: str,
        ordered_topic: str,
        ordered_ops: Collection[str],
        fused_ops: Collection[str] = (),
    ) -> None:
        self._sns = sns
        self._topic = topic
        self._ordered_topic = ordered_topic
        self._ordered_ops = frozenset(ordered_ops)
        self._fused_ops = frozenset(fused_ops)
        """The ops of the lane of fused recipes. A fused task of another op goes to the lane of its op."""

    def publish(self, commands: Iterable[RunTask]) -> int:
        """Publish all tasks; return their number."""
        count = 0
        remaining = packed(map(self._routed, commands))
        with ThreadPoolExecutor(_PARALLEL_CALLS) as pool:
            while window := list(islice(remaining, _WINDOW)):
                parallel = self._parallel_calls(window)
                list((map if len(parallel) == 1 else pool.map)(self._publish, parallel))
                count += sum(len(message.tasks) for message in window)
        return count

    def _routed(self, command: RunTask) -> RunTask:
        """Return the task as one that is not fused, if the lane of fused recipes does not have its op."""
        if command.fused and command.op not in self._fused_ops:
            return msgspec.structs.replace(command, fused=False)
        return command

    def _parallel_calls(self, window: list[RunTask]) -> list[Calls]:
        """Return the calls that may run in parallel.

        The tasks of ordered ops keep the order of the plan: a lane receives neighbouring messages together, and the
        plan alternates between groups so that each batch of a lane holds as many groups as possible.
        """
        free = [command for command in window if command.op not in self._ordered_ops]
        ordered = [command for command in window if command.op in self._ordered_ops]
        return [*([batch] for batch in _batches(free)), *([list(_batches(ordered))] if ordered else [])]

    def _publish(self, calls: Calls) -> None:
        for batch in calls:
            ordered = batch[0].op in self._ordered_ops
            entries = [_entry(place, command, ordered=ordered) for place, command in enumerate(batch)]
            topic = self._ordered_topic if ordered else self._topic
            refused = self._sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries).get("Failed")
            if refused:
                reason = refused[0].get("Message", refused[0]["Code"])
                raise PublishError(f"SNS refused {len(refused)} of {len(batch)} tasks: {reason}")


def _entry(place: int, command: RunTask, *, ordered: bool) -> "PublishBatchRequestEntryTypeDef":
    entry: PublishBatchRequestEntryTypeDef = {
        "Id": str(place),
        "Message": _message(command),
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value}
            for name, value in (("op", FUSED if command.fused else command.op), ("priority", command.priority))
        },
    }
    if ordered:
        entry["MessageGroupId"] = _group(command)
        # Without the round and the publication, SNS would drop a message that follows the first within five minutes.
        again = f".{command.publication}" if command.publication else ""
        entry["MessageDeduplicationId"] = f"{command.job_id}.{command.index}.{command.round}{again}"
    elif command.priority == BULK:
        # SNS passes it on to standard queues, where SQS then delivers the messages of several jobs in turn. A message
        # without it, as all live ones, counts as a group of its own.
        entry["MessageGroupId"] = command.job_id
    return entry


def _message(command: RunTask) -> str:
    return msgspec.json.encode(command).decode().translate(_ESCAPED)


def _group(command: RunTask) -> str:
    """Return the FIFO message group: that of the task's group in its job, or one of its own.

    Names of groups are hashed, because callers may use characters that SNS refuses.
    """
    name = command.group if command.group is not None else f"#{command.index}"
    return f"{command.job_id}-{crc32(name.encode()):08x}-{len(name)}"


def _batches(commands: list[RunTask]) -> Iterator[list[RunTask]]:
    """Yield batches that SNS takes in one call: ten tasks or 250 kB at most."""
    batch: list[RunTask] = []
    size = 0
    for command in commands:
        length = len(_message(command).encode()) + _ATTRIBUTE_BYTES
        if batch and (len(batch) == _PER_CALL or size + length > _CALL_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(command)
        size += length
    if batch:
        yield batch

"""Tasks as messages: in calls that SNS accepts, each for the lane of its op, those of a group in order."""

from typing import Any

import msgspec
import pytest

from tests.core.aws.stubs import Stub, stubbed
from umbel_core.aws.tasks import PublishError, SnsTasks
from umbel_core.fused_lane import FUSED
from umbel_core.messages import RunTask

CALL_BYTES = 256 * 1024


def commands(*inputs: str, op: str = "say", **changes: Any) -> list[RunTask]:
    first = RunTask(job_id="j1", index=0, op=op, variant="v", input="")
    return [msgspec.structs.replace(first, index=index, input=text, **changes) for index, text in enumerate(inputs)]


def publish(stub: Stub, tasks: list[RunTask], ordered: tuple[str, ...] = ("recite",)) -> int:
    return SnsTasks(stub.client, "arn:tasks", "arn:ordered.fifo", ordered).publish(tasks)


def calls(tasks: list[RunTask], expected: int) -> list[dict[str, Any]]:
    """The calls that publish these tasks."""
    with stubbed("sns") as stub:
        stub.answer(*["publish_batch"] * expected)
        assert publish(stub, tasks) == len(tasks)
    return [params for _, params in stub.calls]


def entries(call: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = call["PublishBatchRequestEntries"]
    return found


def test_a_call_has_at_most_ten_tasks() -> None:
    assert sorted(len(entries(call)) for call in calls(commands(*["x"] * 23), 3)) == [3, 10, 10]


def test_a_call_has_at_most_as_many_bytes_as_sns_takes() -> None:
    """Three tasks fit into one call by their number, but not by their size."""
    published = calls(commands(*["x" * 100_000] * 3), 2)
    assert sorted(len(entries(call)) for call in published) == [1, 2]
    for call in published:
        size = sum(len(entry["Message"].encode()) + len(str(entry["MessageAttributes"])) for entry in entries(call))
        assert size < CALL_BYTES


def test_bytes_are_counted_as_they_are_sent() -> None:
    """A character may be three bytes, and one that is escaped is six."""
    assert len(calls(commands(*["店" * 30_000] * 3), 2)) == 2
    assert len(calls(commands(*["\uffff" * 15_000] * 3), 2)) == 2


def test_a_task_has_its_op_and_priority_as_the_attributes_by_which_queues_filter() -> None:
    (call,) = calls(commands("x"), 1)
    (entry,) = entries(call)
    assert call["TopicArn"] == "arn:tasks"
    assert entry["MessageAttributes"] == {
        "op": {"DataType": "String", "StringValue": "say"},
        "priority": {"DataType": "String", "StringValue": "live"},
    }
    assert "MessageGroupId" not in entry
    assert msgspec.json.decode(entry["Message"], type=RunTask) == commands("x")[0]


def test_the_fused_tasks_of_a_job_are_one_message_for_their_lane() -> None:
    with stubbed("sns") as stub:
        stub.answer("publish_batch")
        sns = SnsTasks(stub.client, "arn:tasks", "arn:ordered.fifo", (), {"say"})
        assert sns.publish(commands("x", "y", "z", fused=True, priority="bulk")) == 3
    (_, call) = stub.calls[0]
    (entry,) = entries(call)
    assert entry["MessageAttributes"]["op"]["StringValue"] == FUSED
    assert entry["MessageAttributes"]["priority"]["StringValue"] == "bulk"
    message = msgspec.json.decode(entry["Message"], type=RunTask)
    assert [task.input for task in message.tasks] == ["x", "y", "z"]


def test_a_fused_task_whose_op_that_lane_does_not_have_goes_to_the_lane_of_its_op() -> None:
    """The recipe was changed after the job was planned."""
    (call,) = calls(commands("x", "y", fused=True), 1)
    assert [entry["MessageAttributes"]["op"]["StringValue"] for entry in entries(call)] == ["say", "say"]
    assert {len(msgspec.json.decode(entry["Message"], type=RunTask).tasks) for entry in entries(call)} == {1}


def test_the_bulk_tasks_of_a_job_are_a_group_so_that_those_of_several_jobs_are_delivered_in_turn() -> None:
    (command,) = commands("x")
    (call,) = calls([msgspec.structs.replace(command, priority="bulk")], 1)
    (entry,) = entries(call)
    assert entry["MessageAttributes"]["priority"]["StringValue"] == "bulk"
    assert entry["MessageGroupId"] == command.job_id
    assert "MessageDeduplicationId" not in entry


def test_a_task_of_an_ordered_op_has_a_message_group_and_an_id_with_its_round_and_publication() -> None:
    first, second = commands("x", "y", op="recite", group="north")
    retried = msgspec.structs.replace(first, round=1)
    again = msgspec.structs.replace(first, publication=2)
    (call,) = calls([first, second, retried, again], 1)
    assert call["TopicArn"] == "arn:ordered.fifo"
    assert [entry["MessageDeduplicationId"] for entry in entries(call)] == ["j1.0.0", "j1.1.0", "j1.0.1", "j1.0.0.2"]
    assert len({entry["MessageGroupId"] for entry in entries(call)}) == 1


def test_message_groups_are_of_one_job_and_one_group() -> None:
    tasks = [
        *commands("x", op="recite", group="north"),
        *commands("x", op="recite", group="south"),
        *commands("x", op="recite", group="north", job_id="j2"),
        *commands("x", "y", op="recite"),
    ]
    (call,) = calls(tasks, 1)
    groups = [entry["MessageGroupId"] for entry in entries(call)]
    assert len(set(groups)) == 5, "a task without a group waits for no other"
    allowed = set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert set("".join(groups)) <= allowed


def test_ordered_tasks_are_published_in_their_order() -> None:
    published = calls(commands(*[f"{number}" for number in range(25)], op="recite", group="north"), 3)
    texts = [msgspec.json.decode(entry["Message"], type=RunTask).input for call in published for entry in entries(call)]
    assert texts == [f"{number}" for number in range(25)]


def test_a_task_that_sns_refuses_is_an_error() -> None:
    failed = [{"Id": "1", "Code": "Throttled", "Message": "Slow down.", "SenderFault": False}]
    with stubbed("sns") as stub:
        stub.answer("publish_batch", Failed=failed)
        with pytest.raises(PublishError, match="SNS refused 1 of 2 tasks: Slow down"):
            publish(stub, commands("x", "y"))


def test_text_with_characters_that_sns_refuses_arrives_unchanged() -> None:
    text = "\0\x0b a\uffff\ufffe 🌿 \\uffff"
    (call,) = calls(commands(text), 1)
    (entry,) = entries(call)
    assert not {"\0", "\x0b", "\ufffe", "\uffff"} & set(entry["Message"])
    assert msgspec.json.decode(entry["Message"], type=RunTask).input == text


def test_nothing_to_publish_is_no_call() -> None:
    assert calls([], 0) == []

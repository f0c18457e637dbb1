"""A lane has a queue for live tasks and one for bulk, unless it is ordered or shall have one alone."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.infra.synthesis import named, of_type, synthesise
from umbel_core.lanes import BULK_SUFFIX, FIFO_SUFFIX, queue_names
from umbel_core.op import Compute


def lane_queues(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The queues of the lanes by name, without the dead-letter queues."""
    found = of_type(template, "AWS::SQS::Queue").values()
    return {each["QueueName"]: each for each in found if "-op-" in each["QueueName"] and "RedrivePolicy" in each}


def accepts(policy: Mapping[str, list[Any]], attributes: Mapping[str, str]) -> bool:
    """True when a filter policy of SNS lets a message with these attributes pass."""
    return all(
        any(
            attributes.get(name) == value or (value == {"exists": False} and name not in attributes) for value in values
        )
        for name, values in policy.items()
    )


@pytest.mark.parametrize("priority", [{"priority": "live"}, {"priority": "bulk"}, {}])
def test_every_task_is_delivered_to_one_queue_of_its_lane(template: dict[str, Any], priority: dict[str, str]) -> None:
    lanes = [each for each in of_type(template, "AWS::SNS::Subscription").values() if each["Protocol"] == "sqs"]
    all_queues = of_type(template, "AWS::SQS::Queue")
    for op in {lane["FilterPolicy"]["op"][0] for lane in lanes}:
        reached = [lane for lane in lanes if accepts(lane["FilterPolicy"], {"op": op, **priority})]
        (name,) = (all_queues[named(lane["Endpoint"])]["QueueName"] for lane in reached)
        is_bulk = priority.get("priority") == "bulk" and not name.endswith(FIFO_SUFFIX)
        compute = Compute(ordered=name.endswith(FIFO_SUFFIX))
        assert name == queue_names(f"umbel-op-{op}", compute, fair=True)[is_bulk]


def test_both_queues_of_a_lane_have_one_function_and_one_dead_letter_queue(template: dict[str, Any]) -> None:
    queues = lane_queues(template)
    of_queue = {
        of_type(template, "AWS::SQS::Queue")[named(each["EventSourceArn"])]["QueueName"]: each["FunctionName"]
        for each in of_type(template, "AWS::Lambda::EventSourceMapping").values()
        if named(each["EventSourceArn"]) in of_type(template, "AWS::SQS::Queue")
    }
    fair = [name for name in queues if name.endswith(BULK_SUFFIX)]
    assert len(fair) > 10
    for bulk in fair:
        live = bulk.removesuffix(BULK_SUFFIX)
        assert of_queue[live] == of_queue[bulk]
        assert queues[live]["RedrivePolicy"] == queues[bulk]["RedrivePolicy"]
        assert queues[live]["VisibilityTimeout"] == queues[bulk]["VisibilityTimeout"]


@pytest.mark.parametrize("setting", ["fair", "reserve"])
def test_without_fair_lanes_or_without_reservations_each_lane_has_one_queue(setting: str) -> None:
    template = synthesise("local", **{setting: "false"})
    assert not [name for name in lane_queues(template) if name.endswith(BULK_SUFFIX)]
    lanes = [each for each in of_type(template, "AWS::SNS::Subscription").values() if each["Protocol"] == "sqs"]
    assert {tuple(lane["FilterPolicy"]) for lane in lanes} == {("op",)}

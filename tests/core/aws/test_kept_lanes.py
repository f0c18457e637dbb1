"""The lanes' states are read from the table; Lambda is asked only when they are not there, and once a minute."""

from typing import Any

import msgspec

from tests.core.aws.stubs import Stub, stubbed
from umbel_core.aws.kept_lanes import KeptLanes
from umbel_core.aws.keys import lanes_key
from umbel_core.lanes import LaneState
from umbel_core.op import Compute

READY, PAUSED = LaneState(4, "ready"), LaneState(0, "paused")


class AwsLanes:
    """Lanes in AWS, with the calls that they got."""

    def __init__(self, **states: LaneState) -> None:
        self.kept = states
        self.calls: list[str] = []
        self.known: dict[str, LaneState] = {}

    def states(self, known: dict[str, LaneState]) -> dict[str, LaneState]:
        self.known = known
        self.calls.append("states")
        return self.kept

    def scale(self, op: str, concurrency: int, compute: Compute) -> None:
        self.calls.append("scale")


def kept(version: int = 1, **states: LaneState) -> dict[str, Any]:
    text = msgspec.json.encode(states).decode()
    return {**lanes_key(), "states": {"S": text}, "version": {"N": str(version)}}


def lanes(stub: Stub, aws: AwsLanes) -> KeptLanes:
    return KeptLanes(aws, stub.client, "table")  # type: ignore[arg-type]


def test_a_look_at_the_lanes_is_one_read_of_the_table_and_no_call_to_lambda() -> None:
    aws = AwsLanes()
    with stubbed("dynamodb") as stub:
        stub.answer("get_item", "get_item", Item=kept(say=READY, soft=PAUSED))
        assert lanes(stub, aws).states() == {"say": READY, "soft": PAUSED}
        assert lanes(stub, aws).health() == {"say": "ready", "soft": "paused"}
    assert aws.calls == []


def test_whoever_finds_no_states_reads_them_from_aws_and_keeps_them() -> None:
    aws = AwsLanes(say=READY)
    with stubbed("dynamodb") as stub:
        stub.answer("get_item", "get_item", "put_item")
        assert lanes(stub, aws).states() == {"say": READY}
    assert stub.calls[-1][1]["Item"] == kept(say=READY)
    assert stub.calls[-1][1]["ConditionExpression"] == "attribute_not_exists(pk)"


def test_scaling_a_lane_changes_its_state_at_once() -> None:
    aws = AwsLanes()
    with stubbed("dynamodb") as stub:
        stub.answer("get_item", Item=kept(3, say=READY, soft=READY))
        stub.answer("put_item")
        lanes(stub, aws).scale("say", 0, Compute())
    assert stub.calls[-1][1]["Item"] == kept(4, say=PAUSED, soft=READY)
    assert aws.calls == ["scale"]


def test_a_state_that_was_read_from_aws_does_not_overwrite_a_lane_that_is_scaled_meanwhile() -> None:
    aws = AwsLanes(say=READY)
    with stubbed("dynamodb") as stub:
        stub.answer("get_item", Item=kept(3, say=READY))
        stub.refuse("put_item", "ConditionalCheckFailedException")
        lanes(stub, aws).refresh()
    assert aws.known == {"say": READY}, "it stands for a lane for which AWS gives no answer"
    assert stub.calls[-1][1]["ExpressionAttributeValues"] == {":version": {"N": "3"}}


def test_two_lanes_that_are_scaled_at_the_same_time_are_both_kept() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("get_item", Item=kept(3, say=READY, soft=READY))
        stub.refuse("put_item", "ConditionalCheckFailedException")
        stub.answer("get_item", Item=kept(4, say=READY, soft=PAUSED))
        stub.answer("put_item")
        lanes(stub, AwsLanes()).scale("say", 7, Compute())
    assert stub.calls[-1][1]["Item"] == kept(5, say=LaneState(7, "ready"), soft=PAUSED)

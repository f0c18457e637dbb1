"""Live scaling: in an order in which no message is throttled, and with the receive count that fits."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.core.aws.stubs import Stub, stubbed
from umbel_core.aws.lanes import Lanes
from umbel_core.errors import Rejected
from umbel_core.lanes import Backlog, LaneState
from umbel_core.op import Compute

COMPUTE = Compute(batch=4)
UUID = "00000000-0000-0000-0000-000000000000"


def mapping(op: str = "say", cap: int | None = 4, state: str = "Enabled") -> dict[str, Any]:
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:umbel-op-{op}"
    scaling = {"ScalingConfig": {"MaximumConcurrency": cap}} if cap else {}
    return {"UUID": UUID, "FunctionArn": arn, "State": state, **scaling}


def queue(sqs: Stub, receives: int) -> None:
    sqs.answer("get_queue_url", QueueUrl="https://queue")
    policy = json.dumps({"maxReceiveCount": receives, "deadLetterTargetArn": "arn:dead"})
    sqs.answer("get_queue_attributes", Attributes={"RedrivePolicy": policy})


def scale(concurrency: int, *, cap: int = 4, receives: int = 20, reserve: bool = True) -> tuple[Stub, Stub]:
    with stubbed("lambda") as lambdas, stubbed("sqs") as sqs:
        lambdas.answer("list_event_source_mappings", EventSourceMappings=[mapping(cap=cap)])
        if concurrency:
            queue(sqs, receives)
            changes = ["put_function_concurrency"] if reserve else []
            order = [*changes, "update_event_source_mapping"]
            for operation in order if concurrency >= cap else order[::-1]:
                lambdas.answer(operation)
        else:
            lambdas.answer("update_event_source_mapping")
        Lanes(lambdas.client, sqs.client, "umbel-op-", reserve=reserve).scale("say", concurrency, COMPUTE)
    return lambdas, sqs


def test_scaling_up_reserves_before_the_mapping_may_take_more() -> None:
    lambdas, _ = scale(8)
    assert lambdas.calls[1:] == [
        ("PutFunctionConcurrency", {"FunctionName": "umbel-op-say", "ReservedConcurrentExecutions": 8}),
        ("UpdateEventSourceMapping", {"UUID": UUID, "Enabled": True, "ScalingConfig": {"MaximumConcurrency": 8}}),
    ]


def test_scaling_down_lowers_the_cap_before_the_reservation() -> None:
    lambdas, _ = scale(2)
    assert lambdas.operations[1:] == ["UpdateEventSourceMapping", "PutFunctionConcurrency"]


def test_a_concurrency_of_one_reserves_one_under_the_smallest_cap() -> None:
    lambdas, sqs = scale_to_one()
    (_, update), (_, reservation) = lambdas.calls[1:]
    assert update["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert reservation["ReservedConcurrentExecutions"] == 1
    policy = json.loads(sqs.calls[-1][1]["Attributes"]["RedrivePolicy"])
    assert policy == {"maxReceiveCount": 50, "deadLetterTargetArn": "arn:dead"}


def scale_to_one() -> tuple[Stub, Stub]:
    with stubbed("lambda") as lambdas, stubbed("sqs") as sqs:
        lambdas.answer("list_event_source_mappings", EventSourceMappings=[mapping()])
        queue(sqs, 20)
        sqs.answer("set_queue_attributes")
        lambdas.answer("update_event_source_mapping", "put_function_concurrency")
        Lanes(lambdas.client, sqs.client, "umbel-op-", reserve=True).scale("say", 1, COMPUTE)
    return lambdas, sqs


def test_a_receive_count_that_fits_already_is_not_written() -> None:
    _, sqs = scale(8, receives=20)
    assert sqs.operations == ["GetQueueUrl", "GetQueueAttributes"]


def test_a_pause_changes_nothing_but_the_mapping() -> None:
    lambdas, sqs = scale(0)
    assert lambdas.calls[1:] == [("UpdateEventSourceMapping", {"UUID": UUID, "Enabled": False})]
    assert sqs.calls == []


def test_without_reserved_concurrency_only_the_cap_changes() -> None:
    lambdas, _ = scale(8, receives=50, reserve=False)
    assert lambdas.operations[1:] == ["UpdateEventSourceMapping"]


def test_a_concurrency_that_needs_a_reservation_is_refused_where_there_is_none() -> None:
    with stubbed("lambda") as lambdas, stubbed("sqs") as sqs:
        lambdas.answer("list_event_source_mappings", EventSourceMappings=[mapping()])
        with pytest.raises(Rejected, match="invalid_concurrency"):
            Lanes(lambdas.client, sqs.client, "umbel-op-", reserve=False).scale("say", 1, COMPUTE)


def test_an_ordered_lane_has_a_fifo_queue() -> None:
    with stubbed("lambda") as lambdas, stubbed("sqs") as sqs:
        lambdas.answer("list_event_source_mappings", EventSourceMappings=[mapping()])
        queue(sqs, 50)
        lambdas.answer("put_function_concurrency", "update_event_source_mapping")
        Lanes(lambdas.client, sqs.client, "umbel-op-", reserve=True).scale("say", 8, Compute(ordered=True))
    assert sqs.calls[0][1] == {"QueueName": "umbel-op-say.fifo"}


@pytest.mark.parametrize(
    ("operation", "aws_code", "code"),
    [
        ("update_event_source_mapping", "ResourceInUseException", "being_changed"),
        ("put_function_concurrency", "InvalidParameterValueException", "account_limit"),
    ],
)
def test_what_aws_refuses_is_said_in_a_sentence(operation: str, aws_code: str, code: str) -> None:
    with stubbed("lambda") as lambdas, stubbed("sqs") as sqs:
        for answer, refused in ((aws_code, Rejected), ("ServiceException", lambdas.client.exceptions.ClientError)):
            lambdas.answer("list_event_source_mappings", EventSourceMappings=[mapping()])
            queue(sqs, 20)
            if operation == "update_event_source_mapping":
                lambdas.answer("put_function_concurrency")
            lambdas.refuse(operation, answer)
            with pytest.raises(refused) as error:
                Lanes(lambdas.client, sqs.client, "umbel-op-", reserve=True).scale("say", 8, COMPUTE)
            if answer == aws_code:
                assert error.value.code == code


def test_an_op_without_a_lane_is_refused() -> None:
    with stubbed("lambda") as lambdas, stubbed("sqs") as sqs:
        lambdas.answer("list_event_source_mappings", EventSourceMappings=[])
        with pytest.raises(Rejected, match="no_such_op"):
            Lanes(lambdas.client, sqs.client, "umbel-op-", reserve=True).scale("say", 8, COMPUTE)


@pytest.mark.parametrize(
    ("one", "reserved", "state"),
    [
        (mapping(cap=4), 4, LaneState(4, "ready")),
        (mapping(cap=2), 1, LaneState(1, "ready")),
        (mapping(cap=4), None, LaneState(4, "ready")),
        (mapping(cap=4, state="Updating"), 4, LaneState(4, "ready")),
        (mapping(cap=4, state="Disabled"), 4, LaneState(0, "paused")),
        (mapping(cap=4, state="Disabling"), 4, LaneState(0, "paused")),
        (mapping(cap=4, state="Failed"), 4, LaneState(4, "degraded")),
    ],
)
def test_the_state_of_a_lane_is_read_from_its_mapping(one: Any, reserved: int | None, state: LaneState) -> None:
    foreign = mapping()
    foreign["FunctionArn"] = foreign["FunctionArn"].replace("umbel-op-say", "other")
    with stubbed("lambda") as lambdas, stubbed("sqs") as sqs:
        lambdas.answer("list_event_source_mappings", EventSourceMappings=[one, foreign])
        lambdas.answer(
            "get_function_concurrency", **({"ReservedConcurrentExecutions": reserved} if reserved is not None else {})
        )
        assert Lanes(lambdas.client, sqs.client, "umbel-op-", reserve=True).states() == {"say": state}


def test_a_lane_for_which_aws_gives_no_answer_keeps_its_known_state() -> None:
    known = {"say": LaneState(7, "ready")}
    with stubbed("lambda") as lambdas, stubbed("sqs") as sqs:
        lanes = Lanes(lambdas.client, sqs.client, "umbel-op-", reserve=True)
        for _ in range(2):
            lambdas.answer("list_event_source_mappings", EventSourceMappings=[mapping("say")])
            lambdas.refuse("get_function_concurrency", "TooManyRequestsException")
        assert lanes.states(known) == known
        with pytest.raises(ClientError):
            lanes.states()


def test_the_health_of_all_lanes_takes_one_call() -> None:
    with stubbed("lambda") as lambdas, stubbed("sqs") as sqs:
        both = [mapping("say"), mapping("blur", state="Disabled")]
        lambdas.answer("list_event_source_mappings", EventSourceMappings=both)
        health = Lanes(lambdas.client, sqs.client, "umbel-op-", reserve=True).health()
    assert health == {"say": "ready", "blur": "paused"}


def test_delayed_messages_wait_too() -> None:
    names = ("", "Delayed", "NotVisible")
    counts = {f"ApproximateNumberOfMessages{name}": str(count) for name, count in zip(names, (5, 2, 3), strict=True)}
    with stubbed("lambda") as lambdas, stubbed("sqs") as sqs:
        sqs.answer("get_queue_url", QueueUrl="https://queue")
        sqs.answer("get_queue_attributes", Attributes=counts)
        lanes = Lanes(lambdas.client, sqs.client, "umbel-op-", reserve=True)
        assert lanes.backlogs({"say": COMPUTE}) == {"say": Backlog(waiting=7, in_flight=3)}


def test_a_queue_that_gives_no_answer_is_left_out() -> None:
    counts = {f"ApproximateNumberOfMessages{name}": "1" for name in ("", "Delayed", "NotVisible")}
    with stubbed("lambda") as lambdas, stubbed("sqs") as sqs:
        lanes = Lanes(lambdas.client, sqs.client, "umbel-op-", reserve=True)
        sqs.answer("get_queue_url", QueueUrl="https://queue")
        sqs.refuse("get_queue_attributes", "ThrottlingException")
        assert lanes.backlogs({"say": COMPUTE}) == {}
        sqs.answer("get_queue_attributes", Attributes=counts)
        assert lanes.backlogs({"say": COMPUTE}).keys() == {"say"}


def queue_mapping(queue: str, cap: int, state: str = "Enabled") -> dict[str, Any]:
    own = mapping(cap=cap, state=state)
    return {**own, "UUID": queue.ljust(36), "EventSourceArn": f"arn:aws:sqs:us-east-1:000000000000:{queue}"}


LIVE_QUEUE, BULK_QUEUE = "umbel-op-say", "umbel-op-say-bulk"


def fair_lanes(lambdas: Stub, sqs: Stub) -> Lanes:
    return Lanes(lambdas.client, sqs.client, "umbel-op-", reserve=True, fair=True)


def test_scaling_a_fair_lane_sets_both_caps_and_the_receive_counts_of_both_queues() -> None:
    with stubbed("lambda") as lambdas, stubbed("sqs") as sqs:
        both = [queue_mapping(BULK_QUEUE, 3), queue_mapping(LIVE_QUEUE, 3)]
        lambdas.answer("list_event_source_mappings", EventSourceMappings=both)
        queue(sqs, 50)
        queue(sqs, 50)
        lambdas.answer("put_function_concurrency", "update_event_source_mapping", "update_event_source_mapping")
        fair_lanes(lambdas, sqs).scale("say", 8, COMPUTE)
    caps = {call["UUID"].strip(): call["ScalingConfig"]["MaximumConcurrency"] for _, call in lambdas.calls[2:]}
    assert caps == {LIVE_QUEUE: 7, BULK_QUEUE: 6}
    assert [call["QueueName"] for name, call in sqs.calls if name == "GetQueueUrl"] == [LIVE_QUEUE, BULK_QUEUE]


def test_a_pause_of_a_fair_lane_disables_both_mappings() -> None:
    with stubbed("lambda") as lambdas, stubbed("sqs") as sqs:
        both = [queue_mapping(LIVE_QUEUE, 3), queue_mapping(BULK_QUEUE, 3)]
        lambdas.answer("list_event_source_mappings", EventSourceMappings=both)
        lambdas.answer("update_event_source_mapping", "update_event_source_mapping")
        fair_lanes(lambdas, sqs).scale("say", 0, COMPUTE)
    assert [(call["UUID"].strip(), call["Enabled"]) for _, call in lambdas.calls[1:]] == [
        (LIVE_QUEUE, False),
        (BULK_QUEUE, False),
    ]


@pytest.mark.parametrize(
    ("live", "bulk", "state"),
    [
        ("Enabled", "Enabled", LaneState(4, "ready")),
        ("Disabled", "Disabled", LaneState(0, "paused")),
        ("Enabled", "Disabled", LaneState(4, "degraded")),
        ("Failed", "Enabled", LaneState(4, "degraded")),
    ],
)
def test_the_state_of_a_fair_lane_is_that_of_both_its_mappings(live: str, bulk: str, state: LaneState) -> None:
    with stubbed("lambda") as lambdas, stubbed("sqs") as sqs:
        both = [queue_mapping(BULK_QUEUE, 3, bulk), queue_mapping(LIVE_QUEUE, 3, live)]
        lambdas.answer("list_event_source_mappings", EventSourceMappings=both)
        lambdas.answer("get_function_concurrency", ReservedConcurrentExecutions=4)
        assert fair_lanes(lambdas, sqs).states() == {"say": state}


def test_the_messages_of_both_queues_count_and_a_lane_of_which_one_gives_no_answer_is_left_out() -> None:
    numbers = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed")
    counts = {**dict.fromkeys(numbers, "1"), "ApproximateNumberOfMessagesNotVisible": "3"}
    with stubbed("lambda") as lambdas, stubbed("sqs") as sqs:
        lanes = fair_lanes(lambdas, sqs)
        lanes._urls = {LIVE_QUEUE: "https://live", BULK_QUEUE: "https://bulk"}
        for _ in "ab":
            sqs.answer("get_queue_attributes", Attributes=counts)
        assert lanes.backlogs({"say": COMPUTE}) == {"say": Backlog(waiting=4, in_flight=6)}
        sqs.answer("get_queue_attributes", Attributes=counts)
        sqs.refuse("get_queue_attributes", "ServiceUnavailable")
        assert lanes.backlogs({"say": COMPUTE}) == {}

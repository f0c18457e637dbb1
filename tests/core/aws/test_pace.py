"""The pause between two requests to a host: kept by all workers, claimed by one caller at a time."""

import time
from typing import Any

import pytest

from tests.core.aws.stubs import Stub, stubbed
from umbel_core.aws.keys import pace_key
from umbel_core.aws.pace import DynamoPace

HOST = "shop.example:443"


def free_in(seconds: float) -> dict[str, Any]:
    return {**pace_key(HOST), "free_ms": {"N": str(round((time.time() + seconds) * 1000))}}


def claim(stub: Stub, delay: float) -> float:
    return DynamoPace(stub.client, "table").claim(HOST, delay)


def claimed(stub: Stub) -> float:
    """The seconds from now on after which the host may be called again."""
    values = stub.calls[-1][1]["ExpressionAttributeValues"]
    return int(values[":new"]["N"]) / 1000 - time.time()


def test_a_host_that_nobody_called_may_be_called_at_once() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("get_item")
        stub.answer("update_item")
        assert claim(stub, 5) == 0
    assert claimed(stub) == pytest.approx(5, abs=0.5)
    assert stub.calls[-1][1]["ConditionExpression"] == "attribute_not_exists(pk) OR free_ms = :old"


def test_a_host_that_is_free_within_a_second_is_claimed_behind_the_last_call() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("get_item", Item=free_in(0.8))
        stub.answer("update_item")
        assert claim(stub, 5) == pytest.approx(0.8, abs=0.3)
    assert claimed(stub) == pytest.approx(5.8, abs=0.5)


def test_a_host_that_is_free_later_is_not_claimed() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("get_item", Item=free_in(4))
        assert claim(stub, 5) == pytest.approx(4, abs=0.5)


def test_who_loses_a_claim_tries_again() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("get_item")
        stub.refuse("update_item", "ConditionalCheckFailedException")
        stub.answer("get_item", Item=free_in(3))
        assert claim(stub, 3) == pytest.approx(3, abs=0.5)


def test_who_loses_every_claim_comes_again_later() -> None:
    with stubbed("dynamodb") as stub:
        for _ in range(5):
            stub.answer("get_item")
            stub.refuse("update_item", "ConditionalCheckFailedException")
        assert claim(stub, 3) == 4

"""The circuits that all workers share: counted, opened, probed by one, closed."""

from typing import Any

import pytest

from tests.core.aws.stubs import Stub, stubbed
from umbel_core.aws.circuit_breaker import DynamoCircuitBreaker
from umbel_core.aws.keys import circuit_key
from umbel_core.circuit_breaker import FAILURES, FORGET_SECONDS, OPEN_SECONDS, PROBE_SECONDS
from umbel_core.clock import epoch
from umbel_core.errors import Rejected
from umbel_core.ledger import Event

HOST = "shop.example:443"


def stored(failures: int, **times: int) -> dict[str, Any]:
    fields = {"failures": failures, "expire_at": epoch() + 100, **times}
    return {**circuit_key(HOST), **{name: {"N": str(value)} for name, value in fields.items()}}


def seconds_from_now(value: dict[str, str]) -> int:
    return round((int(value["N"]) - epoch()) / 10) * 10


class Watched:
    """A circuit breaker on a stub, and the events that it recorded."""

    def __init__(self, stub: Stub) -> None:
        self.events: list[Event] = []
        self.circuits = DynamoCircuitBreaker(stub.client, "table", self.events.append)

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]


def test_a_failure_is_added_to_those_in_a_row() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("update_item", Attributes=stored(2))
        watched = Watched(stub)
        watched.circuits.failed(HOST)
    assert stub.only["UpdateExpression"] == "ADD failures :one SET expire_at = :later"
    assert stub.only["ConditionExpression"] == "attribute_not_exists(pk) OR expire_at > :now"
    assert seconds_from_now(stub.only["ExpressionAttributeValues"][":later"]) == FORGET_SECONDS
    assert stub.only["ReturnValues"] == "ALL_NEW"
    assert watched.kinds == []


def test_a_failure_long_after_the_last_one_starts_at_one() -> None:
    with stubbed("dynamodb") as stub:
        stub.refuse("update_item", "ConditionalCheckFailedException")
        stub.answer("update_item", Attributes=stored(1))
        Watched(stub).circuits.failed(HOST)
    _, fresh = stub.calls[1]
    assert fresh["UpdateExpression"].startswith("SET failures = :one")
    assert fresh["UpdateExpression"].endswith("REMOVE open_until, probe_until")
    assert "ConditionExpression" not in fresh


@pytest.mark.parametrize(("failures", "events"), [(FAILURES, ["circuit_opened"]), (FAILURES + 1, [])])
def test_enough_failures_open_the_circuit_and_the_first_time_it_is_an_event(failures: int, events: list[str]) -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("update_item", Attributes=stored(failures))
        stub.answer("update_item", Attributes=stored(failures, open_until=epoch() + OPEN_SECONDS))
        watched = Watched(stub)
        watched.circuits.failed(HOST)
        with pytest.raises(Rejected, match="circuit_open"):
            watched.circuits.check(HOST)
    _, opened = stub.calls[1]
    assert opened["UpdateExpression"] == "SET open_until = :until REMOVE probe_until"
    assert seconds_from_now(opened["ExpressionAttributeValues"][":until"]) == OPEN_SECONDS
    assert watched.kinds == events


def test_one_caller_probes_a_half_open_circuit_and_the_others_are_refused() -> None:
    half_open = stored(FAILURES, open_until=epoch() - 1)
    with stubbed("dynamodb") as stub:
        stub.answer("get_item", Item=half_open)
        stub.answer("update_item")
        circuits = Watched(stub).circuits
        circuits.check(HOST)
        stub.refuse("update_item", "ConditionalCheckFailedException")
        with pytest.raises(Rejected, match="another task is trying it now"):
            circuits.check(HOST)
    _, claim = stub.calls[1]
    assert claim["ConditionExpression"] == (
        "open_until <= :now AND (attribute_not_exists(probe_until) OR probe_until <= :now)"
    )
    assert seconds_from_now(claim["ExpressionAttributeValues"][":until"]) == PROBE_SECONDS


def test_an_answer_closes_an_open_circuit() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("get_item", Item=stored(FAILURES))
        stub.answer("delete_item", Attributes=stored(FAILURES))
        watched = Watched(stub)
        watched.circuits.answered(HOST)
        watched.circuits.check(HOST)
    assert stub.operations == ["GetItem", "DeleteItem"]
    assert watched.kinds == ["circuit_closed"]


def test_an_answer_of_a_host_without_failures_writes_nothing() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("get_item")
        Watched(stub).circuits.answered(HOST)
    assert stub.operations == ["GetItem"]


def test_a_circuit_that_another_worker_closed_is_no_event() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("get_item", Item=stored(FAILURES))
        stub.answer("delete_item")
        watched = Watched(stub)
        watched.circuits.answered(HOST)
    assert watched.kinds == []


def test_a_host_is_read_once_a_second() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("get_item")
        circuits = Watched(stub).circuits
        for _ in range(5):
            circuits.check(HOST)


def test_only_circuits_that_are_not_closed_are_listed() -> None:
    expired = {**stored(FAILURES), "sk": {"S": "gone.example:80"}, "expire_at": {"N": "1"}}
    with stubbed("dynamodb") as stub:
        stub.answer("query", Items=[stored(FAILURES, open_until=epoch() + 5), expired])
        assert list(Watched(stub).circuits.all()) == [HOST]

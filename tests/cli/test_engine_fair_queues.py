"""The engine's choices for fair lanes: which mapping of a function receives next, and which message group is next."""

from typing import Any

import pytest

from umbel.engine_server.fair_queues import Source, in_turn, may_receive


def source(in_flight: int, turn: int = 0, *, wants: bool = True) -> Source:
    return Source(in_flight, turn, wants)


def test_no_mapping_receives_for_a_function_that_is_busy() -> None:
    assert not may_receive(source(0), [], free=0)


@pytest.mark.parametrize("other", [source(0), source(5), source(0, wants=False)])
def test_while_two_executions_are_free_no_mapping_waits_for_another(other: Source) -> None:
    assert may_receive(source(1), [other], free=2)


def test_the_last_free_execution_goes_to_the_mapping_with_the_fewest_batches_in_flight() -> None:
    live, bulk = source(0, turn=9), source(3, turn=1)
    assert (may_receive(live, [bulk], free=1), may_receive(bulk, [live], free=1)) == (True, False)


def test_of_two_mappings_with_as_many_in_flight_the_one_that_waited_longest_is_next() -> None:
    live, bulk = source(0, turn=2), source(0, turn=1)
    assert (may_receive(live, [bulk], free=1), may_receive(bulk, [live], free=1)) == (False, True)


def test_a_mapping_whose_queue_is_empty_or_whose_cap_is_reached_holds_up_no_other() -> None:
    assert may_receive(source(3), [source(0, wants=False)], free=1)


def message(number: int, group: str | None, *, visible: bool = True) -> dict[str, Any]:
    return {"id": f"m{number}", "group_id": group, "visible_at": 0 if visible else 99, "receive_count": 1 - visible}


def order(queue: list[dict[str, Any]], each: int) -> list[str]:
    """Receive until the queue is empty, with no message in flight in between."""
    turns: dict[str, int] = {}
    received: list[str] = []
    while queue:
        batch = in_turn(queue, each, turns, now=1)
        received += [message["id"] for message in batch]
        queue = [message for message in queue if message not in batch]
    return received


@pytest.mark.parametrize("each", [1, 2, 4])
def test_the_messages_of_two_jobs_alternate_although_one_came_first(each: int) -> None:
    jobs = [message(number, "a") for number in range(3)] + [message(number, "b") for number in (3, 4, 5)]
    assert order(jobs, each) == ["m0", "m3", "m1", "m4", "m2", "m5"]


def test_the_group_with_the_fewest_messages_in_flight_is_next() -> None:
    queue = [message(0, "a", visible=False), message(1, "a"), message(2, "a"), message(3, "b")]
    assert [each["id"] for each in in_turn(queue, 2, {}, now=1)] == ["m3", "m1"]


def test_a_message_without_a_group_does_not_wait_for_a_group() -> None:
    queue = [message(number, "a") for number in range(3)] + [message(3, None)]
    assert order(queue, 1).index("m3") == 1


def test_groups_that_have_no_message_any_more_are_forgotten() -> None:
    turns = {"gone": 1, "a": 2}
    in_turn([message(0, "a", visible=False)], 1, turns, now=1)
    assert turns == {"a": 2}

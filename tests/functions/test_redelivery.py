"""Batches of what comes again: the culprit is alone, and nobody is given up for having stood next to it."""

from random import Random
from typing import Any

import pytest

from umbel_core.lane_settings import lane_settings
from umbel_core.op import Compute
from worker.redelivery import order_batch


def messages(**receives: int) -> list[dict[str, Any]]:
    return [
        {"messageId": name, "attributes": {"ApproximateReceiveCount": str(count)}} for name, count in receives.items()
    ]


def names(records: list[dict[str, Any]]) -> list[str]:
    return [record["messageId"] for record in records]


def test_new_messages_go_first_and_one_that_comes_again_goes_last() -> None:
    now, later = order_batch(messages(again=2, new=1, other=3, newer=1))
    assert names(now) == ["new", "newer", "again"]
    assert names(later) == ["other"]


def test_what_was_received_often_is_not_handed_back_any_more() -> None:
    now, later = order_batch(messages(a=9, b=2, c=12, new=1))
    assert names(now) == ["new", "b", "a", "c"]
    assert later == []


@pytest.mark.parametrize("batch", [2, 4, 10])
@pytest.mark.parametrize("crowd", [10, 100, 1000])
def test_a_crowd_that_failed_once_is_all_tried_again(batch: int, crowd: int) -> None:
    """Every message has failed once, and would do well now: none may run out of receives before its turn."""
    limit = lane_settings("any", Compute(batch=batch), 4, reserve=True).max_receives
    chance = Random(crowd * batch)
    waiting = dict.fromkeys((f"m{number}" for number in range(crowd)), 1)
    while waiting:
        taken = chance.sample(sorted(waiting), min(batch, len(waiting)))
        for name in taken:
            waiting[name] += 1
            assert waiting[name] <= limit, f"{name} would have been given up untried"
        now, _ = order_batch(messages(**{name: waiting[name] for name in taken}))
        for name in names(now):
            del waiting[name]

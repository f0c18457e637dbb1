"""A message that crashes its worker runs alone, and no message is given up because it was in the same batch."""

from random import Random

import pytest

from umbel_core.lane_settings import lane_settings
from umbel_core.op import Compute
from umbel_core.sqs import Message
from worker.redelivery import order_batch


def messages(**receives: int) -> list[Message]:
    return [Message(id=name, body="{}", receives=count) for name, count in receives.items()]


def names(batch: list[Message]) -> list[str]:
    return [message.id for message in batch]


def ordered(batch: list[Message]) -> tuple[list[str], list[str]]:
    """Return the names of the messages that are processed, in order, and of those that are handed back."""
    suspects = {message.id for message in batch if message.receives > 1}
    order = order_batch(([message] for message in batch), suspects)
    now = [message for group in (*order.first, *order.together, *order.last) for message in group]
    return names(now), names([message for group in order.later for message in group])


def test_new_messages_go_first_and_one_suspect_goes_last() -> None:
    assert ordered(messages(again=2, new=1, other=3, newer=1)) == (["new", "newer", "again"], ["other"])


def test_suspects_with_many_receives_are_not_handed_back_and_go_before_all_others() -> None:
    assert ordered(messages(a=9, b=2, c=12, new=1)) == (["c", "a", "new", "b"], [])


def test_a_group_with_one_suspect_is_suspected_as_a_whole() -> None:
    first, second = messages(a1=2, a2=1), messages(b1=1, b2=1)
    order = order_batch([first, second], {"a1"})
    assert (order.together, order.last) == ([second], [first])


def test_redelivered_messages_whose_tasks_have_not_begun_run_with_the_new_ones() -> None:
    """Each cold start and each throttled invocation costs receives."""
    order = order_batch([messages(a=3), messages(b=9), messages(c=1)], ())
    assert [names(group) for group in order.together] == [["c"], ["a"], ["b"]]
    assert (order.first, order.last, order.later) == ([], [], [])


@pytest.mark.parametrize("batch", [2, 4, 10])
@pytest.mark.parametrize("crowd", [10, 100, 1000])
def test_many_messages_that_failed_once_are_all_tried_again(batch: int, crowd: int) -> None:
    """All of them would succeed now; none may use up its receives before it is tried."""
    limit = lane_settings("any", Compute(batch=batch), 4, reserve=True).max_receives
    chance = Random(crowd * batch)
    waiting = dict.fromkeys((f"m{number}" for number in range(crowd)), 1)
    while waiting:
        taken = chance.sample(sorted(waiting), min(batch, len(waiting)))
        for name in taken:
            waiting[name] += 1
            assert waiting[name] <= limit, f"{name} would have been given up untried"
        now, _ = ordered(messages(**{name: waiting[name] for name in taken}))
        for name in now:
            del waiting[name]

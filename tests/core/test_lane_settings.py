"""All numbers of a lane follow from its concurrency, and no message is given up before code has run on it."""

from itertools import product

import pytest

from umbel_core.lane_settings import (
    HANDED_BACK_UNTIL,
    MAX_RECEIVES,
    MAX_RECEIVES_IN_BATCHES,
    MAX_RECEIVES_THROTTLED,
    LaneSettings,
    LaneSettingsError,
    concurrency_of,
    lane_settings,
)
from umbel_core.op import Compute, OpCard

ONE_BY_ONE = Compute(timeout_seconds=30, batch=1)
CARD = OpCard(name="blur", summary="s", takes="text", returns="value", input={}, params={}, compute=ONE_BY_ONE)


@pytest.mark.parametrize(
    ("concurrency", "reserve", "expected"),
    [
        (0, True, LaneSettings(enabled=False, reserved=None, cap=2, visibility_seconds=180, max_receives=5)),
        (1, True, LaneSettings(enabled=True, reserved=1, cap=2, visibility_seconds=180, max_receives=50)),
        (2, True, LaneSettings(enabled=True, reserved=2, cap=2, visibility_seconds=180, max_receives=5)),
        (16, True, LaneSettings(enabled=True, reserved=16, cap=16, visibility_seconds=180, max_receives=5)),
        (16, False, LaneSettings(enabled=True, reserved=None, cap=16, visibility_seconds=180, max_receives=50)),
        (0, False, LaneSettings(enabled=False, reserved=None, cap=2, visibility_seconds=180, max_receives=50)),
    ],
)
def test_everything_follows_from_one_number(concurrency: int, reserve: bool, expected: LaneSettings) -> None:
    assert lane_settings("blur", ONE_BY_ONE, concurrency, reserve=reserve) == expected


@pytest.mark.parametrize(
    ("concurrency", "live", "bulk"), [(0, 2, 2), (1, 2, 2), (2, 2, 2), (3, 3, 2), (4, 3, 3), (8, 7, 6), (16, 15, 12)]
)
def test_in_a_fair_lane_each_queue_leaves_a_share_to_the_other(concurrency: int, live: int, bulk: int) -> None:
    lane = lane_settings("blur", ONE_BY_ONE, concurrency, reserve=True, fair=True)
    assert (lane.cap, lane.bulk_cap, lane.reserved, lane.max_receives) == (live, bulk, concurrency or None, 50)


@pytest.mark.parametrize("concurrency", range(4, 1001))
def test_from_four_on_neither_queue_can_take_the_whole_lane(concurrency: int) -> None:
    lane = lane_settings("blur", ONE_BY_ONE, concurrency, reserve=True, fair=True)
    assert lane.bulk_cap
    assert lane.cap < concurrency > lane.bulk_cap
    assert lane.cap + lane.bulk_cap >= concurrency, "together they use all of it"


@pytest.mark.parametrize(
    ("ordered", "reserve", "fair"), [(True, True, True), (False, False, True), (False, True, False)]
)
def test_a_lane_that_is_ordered_or_has_no_reservation_or_shall_not_be_fair_has_one_queue(
    ordered: bool, reserve: bool, fair: bool
) -> None:
    assert lane_settings("blur", Compute(ordered=ordered), 4, reserve=reserve, fair=fair).bulk_cap is None


def test_a_lane_with_several_messages_in_a_batch_may_hand_some_back() -> None:
    compute = Compute(batch=4)
    assert [lane_settings("blur", compute, number, reserve=True).max_receives for number in (1, 4)] == [50, 20]


def test_an_ordered_lane_may_often_hand_back_what_is_behind_a_failure() -> None:
    assert lane_settings("blur", Compute(ordered=True), 4, reserve=True).max_receives == 50


def test_a_concurrency_of_one_needs_a_reservation() -> None:
    with pytest.raises(LaneSettingsError, match=r"'blur' needs a concurrency of at least 2 .*reserve=false"):
        lane_settings("blur", ONE_BY_ONE, 1, reserve=False)


@pytest.mark.parametrize(("ordered", "batch", "reserve"), [*product([False, True], [1, 4], [False, True])])
def test_whatever_the_concurrency_no_message_is_given_up_untried(ordered: bool, batch: int, reserve: bool) -> None:
    compute = Compute(ordered=ordered, batch=batch, timeout_seconds=20)
    for concurrency in range(2 - reserve, 1001):
        lane = lane_settings("blur", compute, concurrency, reserve=reserve)
        may_throttle = lane.reserved is None or lane.cap > lane.reserved
        assert lane.max_receives >= (MAX_RECEIVES_THROTTLED if may_throttle else MAX_RECEIVES)
        assert lane.visibility_seconds >= 6 * compute.timeout_seconds
        assert lane.cap >= concurrency


def test_a_message_that_is_handed_back_has_receives_left_for_tries() -> None:
    assert MAX_RECEIVES_IN_BATCHES - HANDED_BACK_UNTIL >= MAX_RECEIVES


def test_the_deployment_overrides_the_declaration() -> None:
    computes = {"blur": CARD.compute}
    assert concurrency_of(computes, {}) == {"blur": CARD.compute.concurrency}
    assert concurrency_of(computes, {"blur": 16}) == {"blur": 16}


def test_the_concurrency_of_an_unknown_op_is_refused() -> None:
    with pytest.raises(LaneSettingsError, match="concurrency: there is no op 'blurr'; the ops are blur"):
        concurrency_of({"blur": CARD.compute}, {"blurr": 2})

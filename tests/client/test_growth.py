"""The model of growth: which limit is met first, and what moves it."""

import pytest

from umbel.growth.design import AFTER, BEFORE
from umbel.growth.limits import limits
from umbel.growth.plan import plan
from umbel.growth.quotas import CONCURRENCY, TABLE_WRITES
from umbel.growth.upload import Upload

PICTURE = Upload(variants_ms=(21.8, 43.3, 69.6, 71.1), megabytes=4.5, results_mb=8.0)
BY_NAME = {
    design.name: {each.name: each.uploads_a_second for each in limits(PICTURE, design)} for design in (BEFORE, AFTER)
}


def test_before_and_after_the_index_got_sixteen_keys() -> None:
    assert 110 <= BY_NAME["before"]["hot key of the index by time"] <= 330
    assert BY_NAME["after"]["hot key of the index by time"] > 5000


def test_four_coordinators_take_57_to_88_uploads_a_second() -> None:
    assert 57 <= BY_NAME["before"]["coordinators"] <= 88


def test_open_pages_do_not_limit_the_relay_any_more() -> None:
    assert BY_NAME["before"]["relay, with open pages"] < 30
    assert BY_NAME["after"]["relay, with open pages"] == float("inf")


@pytest.mark.parametrize("rate", [10, 100, 1000, 10_000])
def test_a_plan_is_enough_for_its_rate(rate: float) -> None:
    assert plan(rate, PICTURE, ops=25).first.uploads_a_second >= rate


def test_what_a_setting_can_do_is_left_to_settings_and_the_rest_is_asked_of_aws() -> None:
    small, large, cells = (plan(rate, PICTURE, ops=25) for rate in (100, 1000, 10_000))
    assert small.requests == []
    assert [request.quota for request in large.requests] == [CONCURRENCY]
    assert "--quota-code L-B99A9384" in large.requests[0].command
    assert [request.quota for request in cells.requests] == [CONCURRENCY, TABLE_WRITES]
    assert (small.design.cells, large.design.cells, cells.design.cells) == (1, 1, 7)


def test_the_bill_grows_with_the_rate_and_an_idle_month_with_the_cells() -> None:
    small, large = plan(100, PICTURE, ops=25), plan(10_000, PICTURE, ops=25)
    assert large.uploads_usd == pytest.approx(100 * small.uploads_usd)
    assert large.idle_usd == pytest.approx(7 * small.idle_usd)

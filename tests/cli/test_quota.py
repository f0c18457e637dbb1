"""Tests of what the doctor says about accounts with different concurrency limits."""

from dataclasses import dataclass

import pytest

from umbel.quota import KEEP_FREE, AccountLimits, judge

EIGHT_OPS = {f"op{number}": 4 for number in range(8)}


@dataclass(frozen=True)
class FakeAccount:
    """An account with a limit, reservations of other functions, and those of a deployed Umbel."""

    total: int
    others: int = 0
    ours: int = 0

    def limits(self) -> AccountLimits:
        return AccountLimits(total=self.total, unreserved=self.total - self.others - self.ours)

    def reserved_by_us(self) -> int:
        return self.ours


def test_an_account_of_1000_fits_the_declared_concurrency() -> None:
    finding = judge(FakeAccount(1000), EIGHT_OPS, reserve=True)
    assert finding.good
    assert "32 reserved for 8 ops leave 968" in finding.sentence
    assert not finding.advice


@pytest.mark.parametrize("total", [10, 50])
def test_for_a_small_account_the_advice_is_caps_alone_or_a_quota_increase(total: int) -> None:
    finding = judge(FakeAccount(total), EIGHT_OPS, reserve=True)
    assert not finding.good
    assert f"runs {total} functions" in finding.sentence
    assert "only 0 can be" in finding.sentence
    assert "reserve=false" in finding.advice[0]
    assert finding.advice[-1].endswith("--quota-code L-B99A9384 --desired-value 1000")
    assert len(finding.advice) == 2, "no concurrency can be reserved, so none is suggested"


def test_an_account_of_50_fits_with_caps_alone() -> None:
    finding = judge(FakeAccount(50), EIGHT_OPS, reserve=False)
    assert finding.good
    assert "caps add up to 32" in finding.sentence
    assert not finding.advice


def test_an_account_of_10_fits_with_caps_alone_and_a_warning() -> None:
    finding = judge(FakeAccount(10), EIGHT_OPS, reserve=False)
    assert finding.good
    assert "throttled" in finding.sentence
    assert "request-service-quota-increase" in finding.advice[0]


def test_caps_count_two_for_an_op_with_concurrency_1_and_nothing_for_a_paused_op() -> None:
    finding = judge(FakeAccount(50), {"one": 1, "paused": 0, "four": 4}, reserve=False)
    assert "caps add up to 6" in finding.sentence


def test_for_a_concurrency_that_is_too_large_the_advice_is_the_largest_that_fits() -> None:
    finding = judge(FakeAccount(1000), {**EIGHT_OPS, "thumbnail": 950}, reserve=True)
    assert not finding.good
    assert '{"thumbnail": 868}' in finding.advice[1]
    assert judge(FakeAccount(1000), {**EIGHT_OPS, "thumbnail": 868}, reserve=True).good


def test_when_lowering_one_op_is_not_enough_the_advice_is_the_largest_sum() -> None:
    finding = judge(FakeAccount(120), EIGHT_OPS, reserve=True)
    assert not finding.good
    assert "add up to 20" in finding.advice[1]


def test_exactly_100_executions_stay_unreserved() -> None:
    assert judge(FakeAccount(132), EIGHT_OPS, reserve=True).good
    assert not judge(FakeAccount(131), EIGHT_OPS, reserve=True).good


def test_the_reservations_of_a_deployed_umbel_do_not_count_against_its_update() -> None:
    assert judge(FakeAccount(132, ours=32), EIGHT_OPS, reserve=True).good


def test_the_reservations_of_other_functions_count() -> None:
    finding = judge(FakeAccount(1000, others=890), EIGHT_OPS, reserve=True)
    assert not finding.good
    assert f"--desired-value {890 + 32 + KEEP_FREE}" in finding.advice[-1]

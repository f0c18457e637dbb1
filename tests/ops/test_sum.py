"""sum."""

import pytest

from tests.ops.running import OPS
from umbel_core.catalogue import load_op
from umbel_core.errors import Rejected

INFINITE = float("inf")


@pytest.mark.parametrize("numbers", [[1e308, 1e308], [10**400, 0.5], [10**400], [INFINITE], [INFINITE, -INFINITE]])
def test_a_total_that_no_number_holds_is_the_callers_fault(numbers: list[float]) -> None:
    with pytest.raises(Rejected) as refusal:
        load_op(OPS, "sum")(numbers)
    assert refusal.value.code == "too_large_numbers"


def test_whole_numbers_stay_exact_beyond_64_bits() -> None:
    assert load_op(OPS, "sum")([10**20, 1]) == 10**20 + 1

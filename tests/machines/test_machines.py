"""A short form of `make machines`: set-up, upload and end under three conditions, one of which combines many."""

import pytest

from tests.machines import conditions

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("condition", [conditions.everything_at_once, conditions.copied, conditions.moved])
def test_a_new_user_gets_variants_and_nothing_is_left(condition: conditions.Condition) -> None:
    condition()

"""What a deployment costs while it is idle is counted in its template."""

from collections.abc import Iterator
from typing import Any

import pytest

from infra.settings import read_settings
from tests.infra.synthesis import CONTEXT, templates
from umbel.growth.idle import CAPPED_USD, FREE_USD, LANE, SINGLE, STACK, Idle


def idle(resources: list[dict[str, Any]]) -> Idle:
    """Count the parts that cost something."""

    def of(kind: str) -> Iterator[dict[str, Any]]:
        return (each["Properties"] for each in resources if each["Type"] == kind)

    mappings = [each for each in of("AWS::Lambda::EventSourceMapping") if "StartingPosition" not in each]
    capped = sum("ScalingConfig" in mapping for mapping in mappings)
    return Idle(
        capped_mappings=capped,
        free_mappings=len(mappings) - capped,
        alarms=len(list(of("AWS::CloudWatch::Alarm"))),
        dashboards=len(list(of("AWS::CloudWatch::Dashboard"))),
        tickers=len(list(of("AWS::Events::Rule"))),
    )


def test_every_lane_and_the_stack_have_the_parts_that_the_costs_page_counts() -> None:
    assert read_settings(CONTEXT)
    stack, *lanes = [list(template["Resources"].values()) for template in templates("aws").values()]
    advice = "set LANE, SINGLE and STACK in umbel/growth/idle.py, then make generate"
    assert {idle(lane) for lane in lanes} == {LANE, SINGLE}, advice
    assert idle(stack) == STACK, advice


def test_a_mapping_without_a_maximum_costs_less_than_half_while_it_is_idle() -> None:
    """Five pollers, or two, that ask an empty queue every 20 seconds, at 40 cents a million."""
    assert pytest.approx(5 * 730 * 3600 / 20 * 0.40e-6) == CAPPED_USD
    assert pytest.approx(2 * 730 * 3600 / 20 * 0.40e-6) == FREE_USD


def test_a_lane_costs_its_polls_and_its_alarms() -> None:
    assert (
        pytest.approx(LANE.capped_mappings * CAPPED_USD + LANE.free_mappings * FREE_USD + LANE.alarms * 0.10)
        == LANE.usd()
    )

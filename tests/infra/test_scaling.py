"""The scaling page is what the model says, and the model is what queues do."""

import pytest

from bench.growth import engine, page
from bench.growth.simulation import simulate
from umbel.growth.design import AFTER, BEFORE
from umbel.growth.limits import limits
from umbel.growth.plan import plan

UPLOAD = page._UPLOAD


def test_the_page_is_up_to_date() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.document(page.compared_before()), "python -m bench growth"


@pytest.mark.parametrize("design", [BEFORE, AFTER])
def test_the_simulation_follows_below_the_first_limit_and_not_above(design: object) -> None:
    assert isinstance(design, type(BEFORE))
    first = limits(UPLOAD, design)[0].uploads_a_second
    assert simulate(UPLOAD, design, first * 0.8).follows
    above = simulate(UPLOAD, design, first * 2)
    assert not above.follows
    assert above.ended_a_second == pytest.approx(first, rel=0.15)


def test_a_thousand_uploads_a_second_are_a_matter_of_settings_and_quotas() -> None:
    design = plan(1000, UPLOAD, ops=25).design
    assert design.cells == 1
    assert simulate(UPLOAD, design, 1000).follows


def test_the_model_of_the_engine_is_fitted_to_one_burst() -> None:
    slowness = engine.calibrate(60, measured=6.0)
    assert engine.predict(60, slowness) == pytest.approx(6.0, rel=0.01)
    assert engine.predict(120, slowness) == pytest.approx(12.0, rel=0.15)

"""crop: a part of the picture."""

from typing import Any

import pytest

from tests.ops.running import photo, run, run_for_picture
from tests.pictures.scene import BLUE, stored
from umbel_core.errors import Rejected


def test_left_and_top_are_where_the_part_begins() -> None:
    part = run_for_picture("crop", stored()["png"].data, left=2, top=20, width=10, height=5)
    assert part.size == (10, 5)
    assert part.getcolors() == [(50, BLUE)]


def test_without_them_the_part_comes_from_the_middle() -> None:
    part = run_for_picture("crop", stored()["png"].data, width=4, height=4)
    assert len(part.getcolors() or ()) == 4, "the middle touches all quadrants"


def test_a_phone_picture_is_cut_upright() -> None:
    assert run_for_picture("crop", photo("astronaut-exif6-gps.jpg"), width=400, height=512).size == (400, 512)


@pytest.mark.parametrize(
    "params",
    [
        {"width": 452, "height": 300},
        {"width": 451, "height": 301},
        {"width": 1, "height": 1, "left": 451},
        {"width": 10, "height": 10, "top": 291},
    ],
)
def test_what_reaches_outside_is_refused(params: dict[str, Any]) -> None:
    with pytest.raises(Rejected, match="inside the picture of 451 x 300") as refusal:
        run("crop", photo("cat.jpg"), **params)
    assert refusal.value.code == "crop_outside"

"""resize: the picture at an exact size."""

import pytest

from tests.ops.measuring import look_alike
from tests.ops.running import photo, run, run_for_picture
from tests.pictures.scene import stored
from umbel_core.errors import Rejected


@pytest.mark.parametrize("size", [(200, 200), (1, 1), (1, 300), (37, 11), (1200, 800)])
def test_the_result_is_exactly_as_large_as_asked(size: tuple[int, int]) -> None:
    assert run_for_picture("resize", photo("coffee.jpg"), width=size[0], height=size[1]).size == size


def test_the_picture_is_distorted_not_cut() -> None:
    file = stored()["png-clear"]
    square = run_for_picture("resize", file.data, width=20, height=60)
    assert look_alike(square, file.seen.resize((20, 60)))


def test_more_pixels_than_the_limit_are_refused() -> None:
    with pytest.raises(Rejected, match=r"16384 x 16384 pixels \(268\.435456 MP\)") as refusal:
        run("resize", photo("cat.jpg"), width=16384, height=16384)
    assert refusal.value.code == "result_too_large"

"""Of an AVIF with a clean aperture only that part is there, for every op."""

import pytest
from PIL import Image
from PIL.Image import Transpose

from tests.ops.measuring import look_alike
from tests.ops.running import LIMITS, run
from tests.pictures.odd_avif import aperture, turned, with_properties
from tests.pictures.scene import HEIGHT, WIDTH, scene
from worker.pictures import StoredPicture

WHOLE = (WIDTH + 40, HEIGHT + 20)


def framed(left: int, top: int) -> Image.Image:
    """Return the scene inside a larger picture."""
    picture = Image.new("RGB", WHOLE, "magenta")
    picture.paste(scene(), (left, top))
    return picture


def test_the_middle_of_a_picture_is_shown() -> None:
    data = with_properties(framed(20, 10), aperture((WIDTH, 1), (HEIGHT, 1), (0, 1), (0, 1)))
    assert run("info", data)["width"] == WIDTH
    assert look_alike(StoredPicture(data, LIMITS).image(), scene())
    assert look_alike(StoredPicture(data, LIMITS).resized(24, 16), scene().resize((24, 16)), tolerance=20)


def test_a_part_beside_the_middle_is_shown() -> None:
    data = with_properties(framed(25, 3), aperture((2 * WIDTH, 2), (HEIGHT, 1), (5, 1), (-14, 2)))
    assert look_alike(StoredPicture(data, LIMITS).image(), scene())


def test_a_part_is_cut_out_before_the_picture_is_turned() -> None:
    lying = framed(20, 10).transpose(Transpose.ROTATE_270)
    data = with_properties(lying, aperture((HEIGHT, 1), (WIDTH, 1), (0, 1), (0, 1)), turned(1))
    picture = StoredPicture(data, LIMITS)
    assert picture.size == (WIDTH, HEIGHT)
    assert look_alike(picture.image(), scene())


@pytest.mark.parametrize(
    "wrong",
    [
        aperture((0, 1), (HEIGHT, 1), (0, 1), (0, 1)),
        aperture((WIDTH, 0), (HEIGHT, 1), (0, 1), (0, 1)),
        aperture((WHOLE[0] + 2, 1), (HEIGHT, 1), (0, 1), (0, 1)),
        aperture((WIDTH, 1), (HEIGHT, 1), (99, 1), (0, 1)),
        aperture((WIDTH, 1), (HEIGHT, 1), (1, 3), (0, 1)),
    ],
)
def test_an_aperture_that_makes_no_sense_is_ignored(wrong: bytes) -> None:
    data = with_properties(framed(20, 10), wrong)
    assert StoredPicture(data, LIMITS).size == WHOLE

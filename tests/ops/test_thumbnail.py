"""thumbnail: a smaller picture of the same shape."""

import pytest
from PIL import Image

from tests.ops.measuring import look_alike, psnr
from tests.ops.running import photo, run_for_picture
from tests.pictures.scene import saved, stored


@pytest.mark.parametrize(
    ("params", "size"),
    [
        ({}, (256, 171)),
        ({"width": 100}, (100, 67)),
        ({"height": 50}, (75, 50)),
        ({"width": 500, "height": 500}, (500, 333)),
        ({"width": 1, "height": 1}, (1, 1)),
    ],
)
def test_the_picture_fits_in_the_box_and_keeps_its_shape(params: dict[str, int], size: tuple[int, int]) -> None:
    assert run_for_picture("thumbnail", photo("coffee.jpg"), **params).size == size


def test_a_picture_is_never_enlarged() -> None:
    assert run_for_picture("thumbnail", photo("coffee.jpg"), width=16384, height=16384).size == (600, 400)


def test_a_picture_as_thin_as_a_hair_keeps_one_pixel() -> None:
    hair = saved(Image.new("RGB", (2000, 2), "red"), "PNG")
    assert run_for_picture("thumbnail", hair, width=100, height=100).size == (100, 1)


def test_a_phone_picture_stands_upright() -> None:
    assert run_for_picture("thumbnail", photo("astronaut-exif6-gps.jpg")).size == (200, 256)


@pytest.mark.parametrize("name", ["coffee.jpg", "rocket.jpg", "hubble.jpg"])
def test_it_looks_as_if_made_from_every_pixel(name: str) -> None:
    small = run_for_picture("thumbnail", photo(name), format="png", width=100, height=100)
    whole = run_for_picture("rotate90", photo(name), format="png").transpose(Image.Transpose.ROTATE_90)
    assert psnr(small, whole.resize(small.size, Image.Resampling.LANCZOS)) > 36


def test_clear_pixels_stay_clear_and_lend_no_colour() -> None:
    file = stored()["png-clear"]
    small = run_for_picture("thumbnail", file.data, width=24, height=16)
    assert look_alike(small, file.seen.resize((24, 16)))

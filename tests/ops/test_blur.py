"""blur: a softer picture."""

import pytest
from PIL import Image
from PIL.ImageFilter import GaussianBlur

from tests.ops.measuring import psnr
from tests.ops.running import photo, run_for_picture
from tests.pictures.scene import saved


@pytest.mark.parametrize("radius", [0.5, 1, 1.9, 2, 3, 4, 5.5, 8, 12, 16, 30, 64, 100])
@pytest.mark.parametrize("name", ["coffee.jpg", "rocket.jpg", "hubble.jpg", "astronaut-exif6-gps.jpg"])
def test_the_short_cut_cannot_be_seen(name: str, radius: float) -> None:
    whole = run_for_picture("convert", photo(name), format="png")
    soft = run_for_picture("blur", photo(name), radius=radius, format="png")
    assert psnr(soft, whole.filter(GaussianBlur(radius))) > 43


def test_radius_zero_changes_nothing() -> None:
    whole = run_for_picture("convert", photo("cat.jpg"), format="png")
    assert run_for_picture("blur", photo("cat.jpg"), radius=0, format="png").tobytes() == whole.tobytes()


def test_a_radius_larger_than_the_picture_gives_its_mean() -> None:
    soft = run_for_picture("blur", saved(Image.linear_gradient("L"), "PNG"), radius=100)
    low, high = soft.getextrema()
    assert high - low < 140  # type: ignore[operator]  # of one band, so numbers


def test_clear_pixels_lend_no_colour_to_their_neighbours() -> None:
    picture = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    picture.paste((0, 0, 255, 255), (0, 0, 32, 64))
    soft = run_for_picture("blur", saved(picture, "PNG"), radius=3)
    red, _, blue, alpha = soft.getpixel((32, 32))  # type: ignore[misc]  # a pixel of RGBA is a tuple
    assert 80 < alpha < 175
    assert red < 12
    assert blue > 243

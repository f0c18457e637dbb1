"""sharpen: a sharper picture."""

from io import BytesIO

import pytest
from PIL import Image, ImageChops, ImageStat
from PIL.ImageFilter import GaussianBlur

from tests.ops.measuring import psnr
from tests.ops.running import photo, run_for_picture
from tests.pictures.scene import saved


@pytest.mark.parametrize(("sigma", "amount"), [(0.5, 1), (1, 0.5), (2, 1), (4, 2)])
def test_what_a_blur_takes_away_is_added(sigma: float, amount: float) -> None:
    whole = Image.open(BytesIO(photo("coffee.jpg"))).convert("RGB")
    soft = whole.filter(GaussianBlur(sigma))
    pixels = zip(whole.tobytes(), soft.tobytes(), strict=True)
    expected = bytes(max(0, min(255, round(own + amount * (own - mean)))) for own, mean in pixels)
    result = run_for_picture("sharpen", photo("coffee.jpg"), sigma=sigma, amount=amount, format="png")
    assert psnr(result, Image.frombytes("RGB", whole.size, expected)) > 45


def test_more_is_sharper() -> None:
    def edges(amount: float) -> float:
        result = run_for_picture("sharpen", photo("cat.jpg"), amount=amount, format="png").convert("L")
        return float(ImageStat.Stat(ImageChops.difference(result, ImageChops.offset(result, 1))).mean[0])

    assert edges(0.1) < edges(1) < edges(3)


@pytest.mark.parametrize("mode", ["L", "RGB", "LA", "RGBA"])
def test_a_picture_of_one_colour_stays_as_it_is(mode: str) -> None:
    picture = Image.new(mode, (17, 5), "#777777")
    result = run_for_picture("sharpen", saved(picture, "PNG"), sigma=3)
    assert (result.mode, result.tobytes()) == (mode, picture.tobytes())


def test_alpha_stays_and_clear_pixels_lend_no_colour() -> None:
    picture = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    picture.paste((0, 0, 200, 255), (0, 0, 32, 64))
    result = run_for_picture("sharpen", saved(picture, "PNG"), sigma=3, amount=2)
    assert result.getchannel("A").tobytes() == picture.getchannel("A").tobytes()
    assert {result.getpixel((x, 32))[0] for x in range(32)} == {0}  # type: ignore[index]  # a pixel of RGBA is a tuple


def test_a_flat_colour_stays_flat_beside_a_clear_part() -> None:
    picture = Image.new("RGBA", (64, 64), (200, 30, 90, 255))
    picture.paste((0, 0, 0, 0), (0, 0, 32, 64))
    result = run_for_picture("sharpen", saved(picture, "PNG"), sigma=3, amount=3)
    colours = result.crop((32, 0, 64, 64)).getcolors()
    assert colours
    assert all(max(map(abs, (red - 200, green - 30, blue - 90))) <= 6 for _, (red, green, blue, _) in colours)  # type: ignore[misc]

"""grayscale: the picture without its colours."""

from PIL import Image

from tests.ops.measuring import psnr
from tests.ops.running import photo, run_for_picture
from tests.pictures.scene import stored


def test_only_brightness_is_left() -> None:
    gray = run_for_picture("grayscale", photo("coffee.jpg"), format="png")
    colour = run_for_picture("convert", photo("coffee.jpg"), format="png")
    assert gray.mode == "L"
    assert psnr(gray, colour.convert("L")) > 45


def test_wide_colours_are_weighed_as_they_look() -> None:
    file = stored()["jpeg-adobe-rgb"]
    gray = run_for_picture("grayscale", file.data, format="png")
    assert psnr(gray, file.seen.convert("L")) > 35


def test_alpha_is_kept() -> None:
    gray = run_for_picture("grayscale", photo("cat-alpha.png"))
    assert gray.mode == "LA"
    original = Image.open("tests/pictures/cat-alpha.png")
    assert gray.getchannel("A").tobytes() == original.getchannel("A").tobytes()

"""Pictures for a press, without a profile, look as if printed."""

import pytest
from PIL import Image

from tests.ops.running import LIMITS
from tests.pictures.scene import saved
from worker.codecs.inks import printed
from worker.pictures import StoredPicture


@pytest.mark.parametrize(
    ("ink", "seen"),
    [
        ((0, 0, 0, 0), (255, 255, 255)),
        ((255, 0, 0, 0), (0, 155, 225)),
        ((0, 255, 0, 0), (230, 0, 128)),
        ((0, 0, 255, 0), (255, 240, 0)),
        ((0, 0, 0, 255), (25, 18, 14)),
        ((255, 255, 255, 255), (5, 5, 5)),
        ((128, 128, 128, 0), (128, 105, 104)),
        ((0, 0, 0, 128), (140, 136, 133)),
    ],
)
def test_an_ink_has_the_colour_of_a_press(ink: tuple[int, ...], seen: tuple[int, ...]) -> None:
    shown = StoredPicture(saved(Image.new("CMYK", (32, 32), ink), "TIFF"), LIMITS).image().getpixel((9, 9))
    assert isinstance(shown, tuple)
    assert all(abs(one - other) < 12 for one, other in zip(shown, seen, strict=True)), shown


def test_a_tall_picture_is_converted_whole() -> None:
    tall = Image.linear_gradient("L").resize((3, 600))
    shown = printed(Image.merge("CMYK", [tall.point(lambda _: 0)] * 3 + [tall]))
    assert shown.size == (3, 600)
    assert list(shown.getchannel("R").getdata())[::3] == sorted(shown.getchannel("R").getdata(), reverse=True)[::3]

"""rotate: the picture at an angle."""

import math
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from tests.ops.measuring import psnr
from tests.ops.running import photo, run, run_for_picture
from tests.pictures.odd import files
from tests.pictures.scene import saved
from umbel_core.errors import Rejected


def made(picture: Image.Image, **params: Any) -> Image.Image:
    result = run_for_picture("rotate", saved(picture, "PNG"), **params)
    result.load()
    return result


def checkers(width: int, height: int, mode: str) -> Image.Image:
    pixels = Image.effect_noise((width, height), 90)
    if mode in ("L", "LA"):
        return pixels.convert(mode)
    bands = [Image.effect_noise((width, height), 90) for _ in range(2)]
    return Image.merge("RGB", [pixels, *bands]).convert(mode)


@pytest.mark.parametrize("size", [(7, 4), (1, 1), (1, 9)])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_quarter_turns_move_each_pixel_unchanged(mode: str, size: tuple[int, int]) -> None:
    picture = checkers(*size, mode)
    width, height = size
    right, half, left = (made(picture, angle=angle) for angle in (90, 180, 270))
    for x in range(width):
        for y in range(height):
            pixel = picture.getpixel((x, y))
            assert right.getpixel((height - 1 - y, x)) == pixel
            assert half.getpixel((width - 1 - x, height - 1 - y)) == pixel
            assert left.getpixel((y, width - 1 - x)) == pixel
    assert made(picture, angle=-90).tobytes() == left.tobytes()
    assert made(picture, angle=0).tobytes() == made(picture, angle=360).tobytes() == picture.tobytes()


@pytest.mark.parametrize("angle", [1, 17.5, 45, 89.9, 120, -30, 200])
@pytest.mark.parametrize("size", [(60, 40), (1, 1), (1, 50), (33, 2)])
def test_the_result_has_room_for_all_of_it_and_no_more(size: tuple[int, int], angle: float) -> None:
    corners = [(x * size[0] / 2, y * size[1] / 2) for x in (-1, 1) for y in (-1, 1)]
    turn = complex(math.cos(math.radians(angle)), math.sin(math.radians(angle)))
    moved = [complex(*corner) * turn for corner in corners]
    exact = [2 * max(abs(place.real) for place in moved), 2 * max(abs(place.imag) for place in moved)]
    result = made(Image.new("RGB", size, "red"), angle=angle)
    assert result.size == tuple(math.ceil(side - 1e-6) for side in exact)


def test_positive_angles_are_clockwise() -> None:
    picture = Image.new("RGB", (60, 60), "white")
    picture.paste("red", (0, 0, 60, 12))  # at the top
    result = made(picture, angle=80)
    width, height = result.size
    assert result.getpixel((width - 9, height // 2)) == (255, 0, 0)
    assert result.getpixel((9, height // 2)) == (255, 255, 255)


@pytest.mark.parametrize("angle", [10, 45, -100])
def test_turned_back_it_is_the_same_picture(angle: float) -> None:
    whole = run_for_picture("convert", photo("coffee.jpg"), format="png")
    soft = whole.resize((300, 200)).resize(whole.size, Image.Resampling.BICUBIC)
    there = made(soft, angle=angle)
    back = made(there, angle=-angle)
    expected = soft.crop((soft.width // 2 - 150, soft.height // 2 - 100, soft.width // 2 + 150, soft.height // 2 + 100))
    left, top = back.width // 2 - 150, back.height // 2 - 100
    # The middle of a side with an odd number of pixels is half a pixel away from that of an even one.
    near = [(left + x, top + y) for x in (-1, 0, 1) for y in (-1, 0, 1)]
    best = max(psnr(back.crop((x, y, x + 300, y + 200)), expected) for x, y in near)
    assert best > 32


@pytest.mark.parametrize(
    ("mode", "background", "result_mode", "corner"),
    [
        ("RGB", None, "RGB", (255, 255, 255)),
        ("L", None, "L", 255),
        ("RGBA", None, "RGBA", (255, 255, 255, 0)),
        ("LA", None, "LA", (255, 0)),
        ("RGB", "#0a1", "RGB", (0, 0xAA, 0x11)),
        ("L", "#0a1", "RGB", (0, 0xAA, 0x11)),
        ("RGB", "transparent", "RGBA", (255, 255, 255, 0)),
        ("RGBA", "#ff000080", "RGBA", (255, 0, 0, 0x80)),
    ],
)
def test_the_corners_have_the_background(mode: str, background: str | None, result_mode: str, corner: Any) -> None:
    given = {"background": background} if background else {}
    result = made(Image.new(mode, (40, 40), "black"), angle=45, **given)
    assert result.mode == result_mode
    assert {result.getpixel((x, y)) for x in (0, result.width - 1) for y in (0, result.height - 1)} <= {
        corner,
        (0, 0, 0, 0),
        (0, 0),
    }


def test_edges_are_smooth_and_clear_corners_lend_no_colour() -> None:
    result = made(Image.new("RGBA", (80, 80), "blue"), angle=30)
    partly = [
        result.getpixel((x, y))
        for x in range(result.width)
        for y in range(result.height)
        if 30 < result.getpixel((x, y))[3] < 225  # type: ignore[index]  # a pixel of RGBA is a tuple
    ]
    assert len(partly) > 100
    assert all(abs(blue - 255) < 8 and red < 8 and green < 8 for red, green, blue, _ in partly)  # type: ignore[misc]


@pytest.mark.parametrize("name", files())
def test_every_kind_of_picture_can_be_turned_by_any_angle(name: str) -> None:
    made = run("rotate", files()[name].data, angle=30)
    assert Image.open(BytesIO(made.data)).size == (made.width, made.height)


def test_a_background_is_refused_where_there_is_none() -> None:
    with pytest.raises(Rejected, match="no effect when the angle is 180") as refusal:
        run("rotate", photo("cat.jpg"), angle=180, background="red")
    assert refusal.value.code == "invalid_params"


def test_a_result_over_the_limit_is_refused_before_it_is_made() -> None:
    with pytest.raises(Rejected, match=r"11314 x 11314 pixels") as refusal:
        run("rotate", saved(Image.new("1", (15_000, 1000)), "PNG"), angle=45)
    assert refusal.value.code == "result_too_large"

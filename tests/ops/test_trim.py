"""trim: the picture without its margins."""

from typing import Any

import pytest
from PIL import Image

from tests.ops.running import run_for_picture
from tests.pictures.scene import saved


def made(picture: Image.Image, **params: Any) -> Image.Image:
    return run_for_picture("trim", saved(picture, "PNG"), **params)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "P", "1"])
@pytest.mark.parametrize("box", [(3, 5, 20, 9), (0, 0, 1, 1), (39, 699, 40, 700), (0, 250, 40, 520), (7, 256, 8, 257)])
def test_what_is_left_is_what_is_not_margin(mode: str, box: tuple[int, int, int, int]) -> None:
    picture = Image.new("RGB", (40, 700), "white")
    if box[:2] == (0, 0):
        picture.paste("white", (0, 0, 1, 1))
        box = (1, 1, 3, 3)
    picture.paste("black", box)
    result = made(picture.convert("L").convert(mode) if mode in ("LA", "1") else picture.convert(mode))
    assert result.size == (box[2] - box[0], box[3] - box[1])
    assert result.convert("L").getextrema() == (0, 0)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA"])
@pytest.mark.parametrize("size", [(1, 1), (5, 600)])
def test_a_picture_of_one_colour_stays_as_it_is(mode: str, size: tuple[int, int]) -> None:
    assert made(Image.new(mode, size, "gray")).size == size


def test_one_channel_that_differs_by_more_than_the_threshold_is_no_margin() -> None:
    picture = Image.new("RGB", (30, 30), (100, 100, 100))
    picture.putpixel((10, 12), (100, 100, 110))
    picture.putpixel((20, 22), (100, 89, 100))
    assert made(picture).size == (1, 1)
    assert made(picture, threshold=9).size == (11, 11)
    assert made(picture, threshold=11).size == (30, 30)


def test_clear_pixels_are_margin_whatever_colour_they_hide() -> None:
    picture = Image.new("RGBA", (30, 30), (0, 0, 0, 0))
    picture.paste((255, 200, 100, 0), (5, 5, 25, 25))
    picture.paste((0, 0, 0, 255), (10, 12, 14, 20))
    result = made(picture)
    assert result.size == (4, 8)
    assert result.getpixel((0, 0)) == (0, 0, 0, 255)


def test_margins_of_a_jpeg_have_noise() -> None:
    picture = Image.new("RGB", (200, 100), "white")
    picture.paste("navy", (64, 32, 128, 64))
    width, height = run_for_picture("trim", saved(picture, "JPEG", quality=60)).size
    assert 64 <= width <= 80
    assert 32 <= height <= 48

"""gravity=attention: the part of a drawn picture that a person would keep."""

from collections.abc import Callable

import pytest
from PIL import Image, ImageDraw
from PIL.ImageFilter import GaussianBlur

from tests.ops.running import photo, run_for_picture
from tests.pictures.scene import saved
from umbel_imaging.attention import attention

WIDTH, HEIGHT = 600, 200
Draw = Callable[[ImageDraw.ImageDraw, int], None]


def face(draw: ImageDraw.ImageDraw, middle: int) -> None:
    draw.ellipse((middle - 45, 40, middle + 45, 160), fill=(224, 172, 140))
    draw.ellipse((middle - 25, 75, middle - 12, 88), fill=(40, 30, 30))
    draw.ellipse((middle + 12, 75, middle + 25, 88), fill=(40, 30, 30))


def ball(draw: ImageDraw.ImageDraw, middle: int) -> None:
    draw.ellipse((middle - 40, 60, middle + 40, 140), fill=(230, 20, 20))


def text(draw: ImageDraw.ImageDraw, middle: int) -> None:
    for row in range(70, 130, 6):
        for column in range(middle - 40, middle + 40, 6):
            draw.rectangle((column, row, column + 2, row + 2), fill="black")


def drawn(subject: Draw, middle: int, background: str) -> Image.Image:
    picture = Image.new("RGB", (WIDTH, HEIGHT), background)
    if background == "gray":
        picture = Image.linear_gradient("L").resize((WIDTH, HEIGHT)).convert("RGB")
    subject(ImageDraw.Draw(picture), middle)
    return picture.filter(GaussianBlur(0.6))


@pytest.mark.parametrize("background", ["white", "#334455", "gray"])
@pytest.mark.parametrize("middle", [60, 150, 300, 410, 540])
@pytest.mark.parametrize("subject", [face, ball, text])
def test_the_subject_is_in_the_part(subject: Draw, middle: int, background: str) -> None:
    left, top, right, bottom = attention(drawn(subject, middle, background), (200, 200))
    assert (top, bottom) == (0, 200)
    assert right - left == pytest.approx(200)
    assert left <= max(middle - 45, 0)
    assert right >= min(middle + 45, WIDTH)


@pytest.mark.parametrize("middle", [60, 300, 540])
def test_it_works_in_both_directions(middle: int) -> None:
    turned = drawn(face, middle, "white").transpose(Image.Transpose.TRANSPOSE)
    left, top, right, bottom = attention(turned, (200, 200))
    assert (left, right) == (0, 200)
    assert top <= middle <= bottom


def test_a_face_draws_more_than_the_leaves_of_a_bush() -> None:
    picture = drawn(face, 480, "white")
    noise = Image.effect_noise((150, 200), 30).convert("RGB")
    picture.paste(Image.blend(noise, Image.new("RGB", noise.size, (110, 120, 100)), 0.7), (0, 0))
    left, _, right, _ = attention(picture, (200, 200))
    assert left <= 435
    assert right >= 525


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "LA"])
@pytest.mark.parametrize("size", [(1, 1), (2, 1), (5, 3), (3000, 2)])
def test_a_picture_of_one_colour_keeps_its_middle(mode: str, size: tuple[int, int]) -> None:
    side = min(size)
    left, top, right, bottom = attention(Image.new(mode, size), (side, side))
    assert abs((left + right) - size[0]) <= max(size[0] / 80, 1)
    assert (right - left, bottom - top) == (side, side)
    assert abs((top + bottom) - size[1]) <= 1


def test_a_drawing_on_clear_ground_is_found() -> None:
    picture = Image.new("RGBA", (WIDTH, HEIGHT), (255, 255, 255, 0))
    ImageDraw.Draw(picture).ellipse((480, 50, 580, 150), fill=(255, 255, 255, 255))
    left, _, right, _ = attention(picture, (200, 200))
    assert left <= 480
    assert right >= 580


@pytest.mark.parametrize("op", ["resize", "thumbnail"])
def test_the_ops_keep_that_part(op: str) -> None:
    picture = drawn(ball, 540, "white")
    result = run_for_picture(op, saved(picture, "PNG"), width=100, height=100, fit="cover", gravity="attention")
    assert result.size == (100, 100)
    red, green, _ = result.getpixel((70, 50))  # type: ignore[misc]  # a pixel of RGB is a tuple
    assert red > 200
    assert green < 60


def test_a_photographed_face_is_kept() -> None:
    result = run_for_picture(
        "thumbnail",
        photo("astronaut-exif6-gps.jpg"),
        width=200,
        height=120,
        fit="cover",
        gravity="attention",
        format="png",
    )
    assert result.size == (200, 120)

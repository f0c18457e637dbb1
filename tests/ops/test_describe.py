"""describe: a picture in numbers."""

import math
from io import BytesIO

import pytest
from PIL import Image
from PIL.ImageFilter import GaussianBlur

from tests.ops.running import photo, run
from tests.pictures.scene import saved
from umbel_imaging.measures import perceptual_hash, sharpness


def gray(name: str) -> Image.Image:
    return Image.open(BytesIO(photo(name))).convert("L")


def apart(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


@pytest.mark.parametrize("bins", [8, 32, 256])
def test_a_histogram_counts_every_pixel_once(bins: int) -> None:
    picture = Image.open(BytesIO(photo("cat.jpg"))).convert("RGB")
    found = run("describe", saved(picture, "PNG"), bins=bins)["histogram"]
    assert set(found) == {"red", "green", "blue"}
    for at, name in enumerate(("red", "green", "blue")):
        expected = [0] * bins
        for value in picture.tobytes()[at::3]:
            expected[value * bins // 256] += 1
        assert found[name] == expected


def test_clear_pixels_do_not_count() -> None:
    picture = Image.new("RGBA", (10, 10), (255, 0, 0, 0))
    picture.paste((0, 0, 255, 255), (0, 0, 10, 3))
    found = run("describe", saved(picture, "PNG"), bins=8)["histogram"]
    assert found["blue"] == [0] * 7 + [30]
    assert found["red"] == [30] + [0] * 7


def test_a_gray_picture_has_one_histogram() -> None:
    assert run("describe", saved(Image.new("L", (4, 4), 255), "PNG"), bins=8)["histogram"] == {"gray": [0] * 7 + [16]}


@pytest.mark.parametrize("size", [(40, 30), (3, 3), (5, 1100)])
def test_sharpness_is_the_deviation_of_the_laplacian(size: tuple[int, int]) -> None:
    picture = Image.effect_noise(size, 10)
    width, height = size
    value = picture.getpixel
    found = [
        value((x - 1, y)) + value((x + 1, y)) + value((x, y - 1)) + value((x, y + 1)) - 4 * value((x, y))  # type: ignore[operator]  # of one band, so numbers
        for y in range(1, height - 1)
        for x in range(1, width - 1)
    ]
    mean = sum(found) / len(found)
    expected = math.sqrt(sum((each - mean) ** 2 for each in found) / len(found))
    assert sharpness(picture) == pytest.approx(expected, abs=0.5)


def test_a_blurred_photo_is_less_sharp() -> None:
    whole = gray("cat.jpg")
    values = [sharpness(whole.filter(GaussianBlur(radius))) for radius in (0, 1, 3, 10)]
    assert values == sorted(values, reverse=True)
    assert values[0] > 10
    assert values[-1] < 2


@pytest.mark.parametrize("size", [(1, 1), (2, 9), (9, 2)])
def test_a_tiny_picture_has_no_detail(size: tuple[int, int]) -> None:
    assert run("describe", saved(Image.new("RGB", size, "red"), "PNG"))["sharpness"] == 0


def test_a_perceptual_hash_is_the_sign_of_the_low_frequencies() -> None:
    picture = gray("coffee.jpg").resize((32, 32), Image.Resampling.BOX)
    pixels = picture.tobytes()
    sums = [
        sum(
            pixels[32 * y + x]
            * math.cos(math.pi * down * (2 * y + 1) / 64)
            * math.cos(math.pi * across * (2 * x + 1) / 64)
            for y in range(32)
            for x in range(32)
        )
        for down in range(8)
        for across in range(8)
    ]
    middle = sorted(sums[1:])[31]
    assert perceptual_hash(gray("coffee.jpg")) == f"{int(''.join('01'[each > middle] for each in sums), 2):016x}"


@pytest.mark.parametrize("name", ["coffee.jpg", "cat.jpg", "rocket.jpg", "hubble.jpg"])
def test_pictures_that_look_alike_have_hashes_that_are_alike(name: str) -> None:
    whole = Image.open(BytesIO(photo(name))).convert("RGB")
    own = run("describe", photo(name))["perceptual_hash"]
    for other in (saved(whole, "JPEG", quality=20), saved(whole.resize((300, 200)), "PNG"), saved(whole, "WEBP")):
        assert apart(own, run("describe", other)["perceptual_hash"]) <= 6
    for different in {"coffee.jpg", "cat.jpg", "rocket.jpg", "hubble.jpg"} - {name}:
        assert apart(own, run("describe", photo(different))["perceptual_hash"]) >= 18


def test_entropy_is_that_of_the_gray_values() -> None:
    halves = Image.new("L", (10, 10))
    halves.paste(200, (0, 0, 5, 10))
    assert run("describe", saved(halves, "PNG"))["entropy"] == 1
    assert run("describe", saved(Image.new("L", (10, 10)), "PNG"))["entropy"] == 0


def test_a_clear_picture_is_described_on_white() -> None:
    clear = run("describe", saved(Image.new("RGBA", (40, 40), (0, 0, 0, 0)), "PNG"))
    white = run("describe", saved(Image.new("RGB", (40, 40), "white"), "PNG"))
    assert clear["perceptual_hash"] == white["perceptual_hash"]
    assert clear["histogram"]["red"] == [0] * 32

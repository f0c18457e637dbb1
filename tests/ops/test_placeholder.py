"""placeholder: what stands for a picture while it loads."""

from base64 import b64decode, b64encode
from collections.abc import Callable

import pytest
from PIL import Image

from tests.ops.running import photo, run
from tests.pictures.scene import saved
from umbel_imaging.blurhash import blurhash
from umbel_imaging.palette import dominant, opaque_pixels, palette
from umbel_imaging.thumbhash import thumbhash

THUMBHASHES = [
    (1, 1, "opaque", "AAgCBwAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    (100, 75, "opaque", "HwgCBYJ3d3cwNERgdSaHcppMf/fP"),
    (32, 48, "opaque", "HggGDQQzMzBlSYc4dnJGRyIs/++P"),
    (60, 20, "partly", "XhiCEoIHMkNQd3F1fv+eeHJxlqcId2o="),
    (17, 23, "partly", "HDiGFAgIcA2IN3mUB8bVn5gncGiFlRE2Cw=="),
    (7, 7, "clear", "AAiCBQAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="),
]
"""Of the pictures that `drawn` makes, computed by the author's own package, thumbhash 0.1.1 for JavaScript."""
BLURHASHES = [
    (1, 1, (4, 3), "L00000fQfQfQfQfQfQfQfQfQfQfQ"),
    (100, 75, (4, 3), "L4HV9txtWAxazYZ8ZRdLVWbVV[bX"),
    (100, 75, (1, 1), "00HV9t"),
    (32, 48, (3, 4), "TBHU;4zNhnq]U~VbWibEf~s#WAR%"),
    (17, 23, (4, 3), "LWHU6HuvaOyVW7eWO+erRzX3NyWS"),
    (17, 23, (3, 4), "TWHU6HuvaOW7eWO+RzX3Nyx9axn$"),
]
"""Computed by the package blurhash 1.1.5 for Python."""


def drawn(width: int, height: int, alpha: str = "opaque") -> Image.Image:
    """Return a picture whose pixels follow from their places alone."""
    alphas: dict[str, Callable[[int, int], int]] = {
        "opaque": lambda x, y: 255,
        "clear": lambda x, y: 0,
        "partly": lambda x, y: (x * 13 + y * 29) % 256,
    }
    pixels = (
        ((x * 37 + y * 11) % 256, (x * x + 3 * y) % 256, (y * y * 5 + x * y) % 256, alphas[alpha](x, y))
        for y in range(height)
        for x in range(width)
    )
    return Image.frombytes("RGBA", (width, height), b"".join(map(bytes, pixels)))


@pytest.mark.parametrize(("width", "height", "alpha", "expected"), THUMBHASHES)
def test_a_thumbhash_is_that_of_the_reference(width: int, height: int, alpha: str, expected: str) -> None:
    assert b64encode(thumbhash(drawn(width, height, alpha))).decode() == expected


@pytest.mark.parametrize(("width", "height", "components", "expected"), BLURHASHES)
def test_a_blurhash_is_that_of_the_reference(
    width: int, height: int, components: tuple[int, int], expected: str
) -> None:
    assert blurhash(drawn(width, height).convert("RGB"), *components) == expected


def test_the_op_hashes_a_small_picture_of_the_same_shape() -> None:
    result = run("placeholder", saved(drawn(100, 75), "PNG"))
    assert (result["width"], result["height"]) == (100, 75)
    assert (result["thumbhash"], result["blurhash"]) == (THUMBHASHES[1][3], BLURHASHES[1][3])
    large = run("placeholder", photo("hubble.jpg"))
    assert (large["width"], large["height"]) == (1000, 872)
    assert large["blurhash"].startswith("L")
    assert len(b64decode(large["thumbhash"])) in range(20, 26)


def test_an_upright_picture_has_more_rows_of_components() -> None:
    assert run("placeholder", photo("astronaut-exif6-gps.jpg"))["blurhash"][0] == "T"


def test_a_clear_picture_is_white_in_the_blurhash_and_has_no_colours() -> None:
    result = run("placeholder", saved(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), "PNG"))
    white = run("placeholder", saved(Image.new("RGB", (8, 8), "white"), "PNG"))
    assert result["blurhash"] == white["blurhash"]
    assert (result["dominant"], result["palette"]) == (None, [])
    assert (white["dominant"], white["palette"]) == ("#ffffff", ["#ffffff"])


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "P", "1"])
def test_every_mode_has_all_values(mode: str) -> None:
    result = run("placeholder", saved(Image.linear_gradient("L").convert(mode), "PNG"))
    assert all(result.values())


def test_the_dominant_colour_is_the_most_frequent_and_no_mean_of_different_ones() -> None:
    picture = Image.new("RGB", (100, 100), (250, 10, 10))
    picture.paste((10, 10, 250), (0, 0, 100, 45))
    result = run("placeholder", saved(picture, "PNG"), colours=2)
    assert (result["dominant"], result["palette"]) == ("#fa0a0a", ["#fa0a0a", "#0a0afa"])


def test_the_palette_has_each_colour_of_a_drawing_by_its_area() -> None:
    picture = Image.new("RGBA", (60, 10), (0, 200, 0, 255))
    picture.paste((200, 0, 0, 255), (0, 0, 20, 10))
    picture.paste((0, 0, 200, 255), (20, 0, 30, 10))
    picture.paste((9, 9, 9, 0), (55, 0, 60, 10))
    pixels = opaque_pixels(picture)
    assert pixels is not None
    assert pixels.size == (550, 1)
    assert palette(pixels, 8) == ["#00c800", "#c80000", "#0000c8"]
    assert dominant(pixels) == "#00c800"
    assert len(palette(pixels, 2)) == 2

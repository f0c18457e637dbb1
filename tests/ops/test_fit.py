"""The fits of resize and thumbnail: which part, at which size, on which background."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageOps

from tests.ops.measuring import psnr
from tests.ops.running import photo, run, run_for_picture
from tests.pictures.scene import saved
from umbel_core.errors import Rejected

BOTH = pytest.mark.parametrize("op", ["resize", "thumbnail"])
RED, BLUE, GREEN, WHITE = (255, 0, 0), (0, 0, 255), (0, 128, 0), (255, 255, 255)


def stripes(width: int = 90, height: int = 30) -> Image.Image:
    """Return a picture whose left third is red, the middle green and the right third blue."""
    picture = Image.new("RGB", (width, height), GREEN)
    picture.paste(RED, (0, 0, width // 3, height))
    picture.paste(BLUE, (2 * width // 3, 0, width, height))
    return picture


def made(op: str, picture: Image.Image, **params: Any) -> Image.Image:
    result = run_for_picture(op, saved(picture, "PNG"), format="png", **params)
    result.load()
    return result


def inner_colours(picture: Image.Image) -> list[Any]:
    """Return the colours without those near the border, where resampling sees what was cut off."""
    return [colour for _, colour in picture.crop((3, 3, picture.width - 3, picture.height - 3)).getcolors() or []]


def refused(op: str, **params: Any) -> str:
    with pytest.raises(Rejected) as refusal:
        run(op, saved(stripes(), "PNG"), **params)
    assert refusal.value.code == "invalid_params"
    return refusal.value.sentence


@BOTH
@pytest.mark.parametrize("size", [(200, 200), (61, 299), (299, 61), (1, 1), (1, 200), (200, 1)])
@pytest.mark.parametrize("name", ["coffee.jpg", "rocket.jpg"])
def test_cover_gives_what_pillow_cuts_from_the_whole_picture(op: str, name: str, size: tuple[int, int]) -> None:
    whole = Image.open(BytesIO(photo(name))).convert("RGB")
    result = run_for_picture(op, photo(name), width=size[0], height=size[1], fit="cover", format="png")
    assert result.size == size
    assert psnr(result, ImageOps.fit(whole, size, Image.Resampling.LANCZOS)) > 34


@BOTH
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1"])
def test_cover_of_a_part_that_needs_no_scaling_has_the_exact_pixels(op: str, mode: str) -> None:
    noise = Image.merge(
        "RGBA", [Image.effect_noise((41, 17), 60 + band) for band in range(3)] + [Image.new("L", (41, 17), 255)]
    )
    picture = noise.convert("RGB").convert(mode) if mode in ("P", "1", "L", "RGB") else noise.convert(mode)
    result = made(op, picture, width=17, height=17, fit="cover", gravity="east")
    expected = picture.crop((24, 0, 41, 17))
    assert result.convert("RGBA").tobytes() == expected.convert("RGBA").tobytes()


@pytest.mark.parametrize(
    ("params", "colour"),
    [
        ({}, GREEN),
        ({"gravity": "centre"}, GREEN),
        ({"gravity": "north"}, GREEN),
        ({"gravity": "west"}, RED),
        ({"gravity": "southwest"}, RED),
        ({"gravity": "northeast"}, BLUE),
        ({"focus": [0.5, 0.5]}, GREEN),
        ({"focus": [0.1, 0.9]}, RED),
        ({"focus": [1, 0]}, BLUE),
        ({"focus": "0.1,0.9"}, RED),
        ({"focus": "1,0"}, BLUE),
    ],
)
@BOTH
def test_gravity_or_focus_says_which_part_cover_keeps(op: str, params: dict[str, Any], colour: Any) -> None:
    result = made(op, stripes(), width=15, height=15, fit="cover", **params)
    assert inner_colours(result) == [colour]
    upright = made(op, stripes().transpose(Image.Transpose.ROTATE_270), width=15, height=15, fit="cover")
    assert inner_colours(upright) == [GREEN]


@BOTH
def test_the_part_is_that_of_the_upright_picture(op: str) -> None:
    upright = stripes()
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = saved(upright.transpose(Image.Transpose.ROTATE_90), "PNG", exif=exif)
    result = run_for_picture(op, turned, width=15, height=15, fit="cover", gravity="west")
    assert inner_colours(result) == [RED]


@pytest.mark.parametrize(("gravity", "top"), [(None, 10), ("north", 0), ("south", 20), ("southeast", 20)])
@BOTH
def test_contain_puts_the_whole_picture_on_a_background(op: str, gravity: str | None, top: int) -> None:
    given = {"gravity": gravity} if gravity else {}
    result = made(op, stripes(), width=30, height=30, fit="contain", background="#0ff", **given)
    expected = Image.new("RGB", (30, 30), (0, 255, 255))
    expected.paste(stripes().resize((30, 10), Image.Resampling.LANCZOS), (0, top))
    assert result.tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("mode", "background", "result_mode", "corner"),
    [
        ("RGB", None, "RGB", (255, 255, 255)),
        ("RGBA", None, "RGBA", (255, 255, 255, 0)),
        ("L", None, "L", 255),
        ("LA", None, "LA", (255, 0)),
        ("L", "#777", "L", 0x77),
        ("L", "red", "RGB", (255, 0, 0)),
        ("L", "transparent", "LA", (255, 0)),
        ("LA", "#f00", "RGBA", (255, 0, 0, 255)),
        ("RGB", "#12345680", "RGBA", (0x12, 0x34, 0x56, 0x80)),
        ("RGB", "transparent", "RGBA", (255, 255, 255, 0)),
        ("P", "navy", "RGB", (0, 0, 128)),
    ],
)
def test_a_background_has_its_colour_whatever_the_mode_of_the_picture(
    mode: str, background: str | None, result_mode: str, corner: Any
) -> None:
    picture = stripes().convert(mode) if mode != "LA" else stripes().convert("L").convert("LA")
    given = {"background": background} if background else {}
    result = made("resize", picture, width=90, height=90, fit="contain", **given)
    result = result.convert("RGB") if result.mode == "P" else result  # few colours are saved with a palette
    assert (result.mode, result.getpixel((0, 0))) == (result_mode, corner)
    middle = result.crop((0, 30, 90, 60)).convert("RGBA")
    assert middle.tobytes() == picture.convert("RGBA").tobytes()


@BOTH
def test_clear_pixels_stay_clear_on_a_background(op: str) -> None:
    clear = Image.new("RGBA", (20, 10), (0, 0, 0, 0))
    result = made(op, clear, width=20, height=20, fit="contain", background="red")
    assert result.getpixel((0, 0)) == (255, 0, 0, 255)
    assert result.getpixel((10, 10))[3] == 0  # type: ignore[index]  # a pixel of RGBA is a tuple


@pytest.mark.parametrize(
    ("op", "params", "size"),
    [
        ("resize", {"width": 45}, (45, 15)),
        ("resize", {"height": 15}, (45, 15)),
        ("resize", {"width": 180}, (180, 60)),
        ("resize", {"width": 180, "enlarge": False}, (90, 30)),
        ("resize", {"width": 30, "height": 30, "fit": "outside"}, (90, 30)),
        ("resize", {"width": 30, "dpr": 2}, (60, 20)),
        ("resize", {"width": 30, "height": 10, "dpr": 1.5}, (45, 15)),
        ("thumbnail", {}, (90, 30)),
        ("thumbnail", {"dpr": 0.1}, (26, 9)),
        ("thumbnail", {"width": 45}, (45, 15)),
        ("thumbnail", {"width": 180}, (90, 30)),
        ("thumbnail", {"width": 180, "enlarge": True}, (180, 60)),
        ("thumbnail", {"width": 40, "height": 40, "fit": "cover"}, (30, 30)),
        ("thumbnail", {"width": 40, "height": 40, "fit": "cover", "enlarge": True}, (40, 40)),
        ("thumbnail", {"width": 40, "height": 40, "fit": "fill"}, (40, 30)),
    ],
)
def test_the_size_follows_from_the_parameters(op: str, params: dict[str, Any], size: tuple[int, int]) -> None:
    assert made(op, stripes(), **params).size == size


@BOTH
@pytest.mark.parametrize("fit", ["inside", "outside", "cover", "contain", "fill"])
@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1)])
def test_every_fit_takes_the_smallest_and_the_longest_pictures(op: str, fit: str, size: tuple[int, int]) -> None:
    picture = Image.new("RGB", size, RED)
    result = (
        made(op, picture, width=3, height=5, fit=fit, background="red")
        if fit == "contain"
        else made(op, picture, width=3, height=5, fit=fit)
    )
    assert [colour for _, colour in result.getcolors() or []] == [RED]


@BOTH
def test_a_parameter_without_effect_is_refused(op: str) -> None:
    both = {"width": 9, "height": 9}
    assert "fit=cover or fit=contain, not with fill" in refused(op, **both, fit="fill", gravity="north")
    assert "focus has an effect only with fit=cover" in refused(op, **both, fit="contain", focus=[0, 0])
    assert "background has an effect only with fit=contain" in refused(op, **both, fit="cover", background="red")
    assert "attention has an effect only with fit=cover" in refused(op, **both, fit="contain", gravity="attention")
    assert "gravity has no effect beside focus" in refused(op, **both, fit="cover", gravity="east", focus="0,0")
    assert "cover needs both width and height" in refused(op, width=9, fit="cover")
    assert "there is no colour 'blurple'" in refused(op, **both, fit="contain", background="blurple")
    for focus in ("0.3", "0.3,1.1", "left,top", "nan,0.5", [0.5, 2]):
        assert "two numbers from 0 to 1" in refused(op, **both, fit="cover", focus=focus)


def test_resize_needs_a_side() -> None:
    assert "width or params.height is missing" in refused("resize", width=None, height=None)


@pytest.mark.parametrize("fit", ["cover", "contain", "fill"])
def test_a_result_over_the_limit_is_refused_before_it_is_made(fit: str) -> None:
    with pytest.raises(Rejected, match="16384 x 16384 pixels") as refusal:
        run("resize", saved(stripes(), "PNG"), width=16384, height=16384, fit=fit)
    assert refusal.value.code == "result_too_large"

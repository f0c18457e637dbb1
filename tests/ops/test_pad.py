"""pad: the picture with margins."""

from typing import Any

import pytest
from PIL import Image

from tests.ops.running import run, run_for_picture
from tests.pictures.scene import saved
from umbel_core.errors import Rejected


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("size", [(1, 1), (5, 3), (3, 600)])
@pytest.mark.parametrize("background", [None, "#777", "red", "transparent", "#00ff0040"])
def test_each_pixel_is_the_pictures_or_the_backgrounds(
    mode: str, size: tuple[int, int], background: str | None
) -> None:
    picture = Image.effect_noise(size, 50).convert(mode)
    given: dict[str, Any] = {"background": background} if background else {}
    result = run_for_picture("pad", saved(picture, "PNG"), top=1, right=2, bottom=3, left=4, **given)
    default = "#ffffff00" if mode.endswith("A") else "white"
    expected = Image.new(
        "RGBA", (size[0] + 6, size[1] + 4), "#ffffff00" if background == "transparent" else background or default
    )
    expected.paste(picture.convert("RGBA"), (4, 1))
    assert result.convert("RGBA").tobytes() == expected.tobytes()
    assert result.mode in (mode, f"{mode}A", "RGB", "RGBA")
    if background in (None, "#777"):
        assert result.mode == mode


def test_one_margin_is_enough() -> None:
    picture = saved(Image.new("RGB", (10, 10)), "PNG")
    assert run_for_picture("pad", picture, left=5).size == (15, 10)


def test_no_margin_is_refused() -> None:
    with pytest.raises(Rejected, match="all margins are 0"):
        run("pad", saved(Image.new("RGB", (10, 10)), "PNG"), top=0)


def test_a_result_over_the_limit_is_refused_before_it_is_made() -> None:
    margins: dict[str, Any] = dict.fromkeys(("top", "right", "bottom", "left"), 16384)
    with pytest.raises(Rejected, match="32778 x 32778 pixels") as refusal:
        run("pad", saved(Image.new("RGB", (10, 10)), "PNG"), **margins)
    assert refusal.value.code == "result_too_large"

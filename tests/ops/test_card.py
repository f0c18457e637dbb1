"""card: a picture of a text."""

from typing import Any

import pytest
from PIL import Image, ImageChops

from tests.ops.running import run, run_for_picture
from umbel_core.errors import Rejected


def written(text: str, **params: Any) -> tuple[int, int, int, int]:
    """Return the box of the pixels that are not background."""
    card = run_for_picture("card", text, background="#204060", **params).convert("RGB")
    box = ImageChops.difference(card, Image.new("RGB", card.size, "#204060")).getbbox()
    assert box
    return box


def test_a_card_has_the_size_that_social_networks_show() -> None:
    card = run_for_picture("card", "Umbel")
    assert (card.size, card.format) == ((1200, 630), "PNG")


@pytest.mark.parametrize("size", [(1200, 630), (64, 64), (64, 4096), (4096, 64), (1080, 1920)])
@pytest.mark.parametrize("text", ["Umbel", "Every op makes its variant in its own lane", "word " * 30, "w" * 30])
def test_the_text_stays_between_the_margins(text: str, size: tuple[int, int]) -> None:
    width, height = size
    try:
        left, top, right, bottom = written(text, width=width, height=height)
    except Rejected as refusal:
        assert (refusal.code, min(size)) == ("invalid_params", 64)  # noqa: PT017 - either is right for the smallest
        return
    margin = 0.1 * min(size) - 3
    assert left >= margin
    assert right <= width - margin
    assert top >= margin
    assert bottom <= height - margin


def test_a_longer_text_is_smaller() -> None:
    short, long = (written(text)[3] - written(text)[1] for text in ("Umbel", "A title of quite some length " * 5))
    assert long > short, "in several lines"
    with pytest.raises(Rejected, match="does not fit on a card of this size"):
        run("card", "word " * 40, width=64, height=64)


def test_a_subtitle_is_below_the_title() -> None:
    assert written("Umbel", subtitle="One lane for each op")[3] > written("Umbel")[3]


@pytest.mark.parametrize(("background", "light"), [("white", 0), ("#204060", 255), ("yellow", 0), ("black", 255)])
def test_the_letters_contrast_with_the_background(background: str, light: int) -> None:
    shades = run_for_picture("card", "Umbel", background=background).convert("L").getextrema()
    assert min(abs(float(shade) - light) for shade in shades) < 40  # type: ignore[arg-type]


def test_a_card_can_be_clear() -> None:
    card = run_for_picture("card", "Umbel", background="transparent")
    assert card.mode == "RGBA"
    assert card.getpixel((0, 0)) == (255, 255, 255, 0)


def test_a_logo_is_in_the_corner_and_the_text_above_it() -> None:
    with_logo, without = (written("Umbel " * 20, **params) for params in ({"image": "logo.png"}, {}))
    assert with_logo[2] > without[2]
    assert with_logo[3] > 600


def test_what_the_font_cannot_write_is_refused() -> None:
    with pytest.raises(Rejected, match="input: the font has no character '東'"):
        run("card", "東京")
    with pytest.raises(Rejected, match=r"params\.subtitle: the font has no character '京'"):
        run("card", "Tokyo", subtitle="京")
    assert written("Two\nlines\tand  spaces")

"""watermark: the picture with a text or a logo over it."""

from typing import Any

import pytest
from PIL import Image, ImageChops

from tests.ops.measuring import psnr
from tests.ops.running import CATALOGUE, photo, run, run_for_picture
from tests.pictures.scene import saved
from umbel_core.errors import Rejected

WIDTH, HEIGHT = 400, 300
COLOURS: dict[str, Any] = {"L": 90, "LA": (90, 255), "RGB": (90, 60, 120), "RGBA": (90, 60, 120, 255)}


def flat(mode: str = "RGB", size: tuple[int, int] = (WIDTH, HEIGHT)) -> Image.Image:
    return Image.new(mode, size, COLOURS[mode])


def made(picture: Image.Image, **params: Any) -> Image.Image:
    return run_for_picture("watermark", saved(picture, "PNG"), format="png", **params)


def drawn(picture: Image.Image, **params: Any) -> tuple[int, int, int, int]:
    """Return the box of the pixels that the text changed."""
    box = ImageChops.difference(made(picture, **params).convert("RGB"), picture.convert("RGB")).getbbox()
    assert box
    return box


@pytest.mark.parametrize(
    ("position", "left", "top"),
    [
        ("northwest", "start", "start"), ("north", "middle", "start"), ("northeast", "end", "start"),
        ("west", "start", "middle"), ("centre", "middle", "middle"), ("east", "end", "middle"),
        ("southwest", "start", "end"), ("south", "middle", "end"), ("southeast", "end", "end"), (None, "end", "end"),
    ],
)  # fmt: skip
def test_the_text_is_at_its_position_with_a_margin(position: str | None, left: str, top: str) -> None:
    given = {"position": position} if position else {}
    box = drawn(flat(), text="Umbel", opacity=1, **given)
    margin = round(0.025 * HEIGHT)
    for (first, last), side, where in (((box[0], box[2]), WIDTH, left), ((box[1], box[3]), HEIGHT, top)):
        before, after = first, side - last
        expected = {"start": before - margin, "end": after - margin, "middle": before - after}[where]
        assert abs(expected) <= 1
        assert min(before, after) >= margin - 1


@pytest.mark.parametrize("scale", [0.1, 0.3, 0.5, 0.9])
def test_the_text_is_as_wide_as_asked(scale: float) -> None:
    left, _, right, _ = drawn(flat(), text="© Umbel 2026", scale=scale, opacity=1, position="centre")
    assert (right - left) / WIDTH == pytest.approx(scale, rel=0.12)


def test_a_text_is_no_higher_than_the_picture() -> None:
    picture = flat(size=(400, 20))
    box = drawn(picture, text="g", scale=1, opacity=1, position="centre")
    assert box[2] - box[0] < 30


@pytest.mark.parametrize("opacity", [0.25, 0.5, 1])
def test_the_opacity_says_how_much_of_the_picture_is_left(opacity: float) -> None:
    result = made(Image.new("L", (WIDTH, HEIGHT), 100), text="IIII", scale=0.9, opacity=opacity, position="centre")
    # White letters with a black outline: the extremes are reached where a stroke covers the pixel.
    darkest, lightest = result.convert("L").getextrema()
    assert darkest == pytest.approx(100 * (1 - opacity), abs=2)
    assert lightest == pytest.approx(100 + 155 * opacity, abs=2)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_nothing_but_the_text_changes(mode: str) -> None:
    picture = Image.effect_noise((WIDTH, HEIGHT), 40).convert(mode)
    result = made(picture, text="Umbel", position="southeast")
    assert result.mode == mode
    untouched = (0, 0, WIDTH, HEIGHT // 2)
    assert result.crop(untouched).tobytes() == picture.crop(untouched).tobytes()
    if mode.endswith("A"):
        assert result.getchannel("A").getextrema() == (255, 255)


def test_a_gray_picture_gets_colours_for_a_text_in_colour() -> None:
    result = made(flat("L"), text="II", scale=0.9, colour="#f00", opacity=1)
    assert result.mode == "RGB"
    assert (255, 0, 0) in {colour for _, colour in result.getcolors(1 << 20) or []}
    assert result.getpixel((0, 0)) == (90, 90, 90)


def test_on_clear_ground_the_text_alone_is_seen_in_its_colour() -> None:
    result = made(Image.new("RGBA", (WIDTH, HEIGHT), (0, 255, 0, 0)), text="II", scale=0.9, colour="red", opacity=0.5)
    covered = {colour for _, colour in result.getcolors(1 << 20) or [] if colour[3]}  # type: ignore[index]  # RGBA
    assert max(colour[3] for colour in covered) == 128  # type: ignore[index]
    assert min(colour[0] for colour in covered) > 240  # type: ignore[index]  # red, and white of the outline


def test_tiles_cover_the_whole_picture() -> None:
    picture = flat()
    changed = ImageChops.difference(made(picture, text="Umbel", tile=True, scale=0.2), picture)
    for left in range(0, WIDTH - 1, 133):
        for top in range(0, HEIGHT, 100):
            assert changed.crop((left, top, left + 133, top + 100)).getbbox()


@pytest.mark.parametrize("tile", [False, True])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("size", [(1, 1), (1, 700), (700, 1), (9, 5)])
def test_the_smallest_pictures_take_a_text(size: tuple[int, int], mode: str, tile: bool) -> None:
    assert made(flat(mode, size), text="A long text, longer than all of this", tile=tile).size == size


@pytest.mark.parametrize("text", ["© Müller & Søn", "Ångström", "Ελλάδα", "Москва", "“quoted” – 2026…"])
def test_letters_of_many_languages_can_be_drawn(text: str) -> None:
    assert drawn(flat(), text=text)


@pytest.mark.parametrize(("text", "shown"), [("東京", "東"), ("a\u0007b", r"U\+0007"), ("a\u200bb", r"U\+200B")])
def test_a_character_that_the_font_does_not_have_is_refused(text: str, shown: str) -> None:
    with pytest.raises(Rejected, match=rf"params\.text: the font has no character '{shown}'\.") as refusal:
        run("watermark", saved(flat(), "PNG"), text=text)
    assert refusal.value.code == "invalid_params"


def test_a_position_beside_tiles_is_refused() -> None:
    with pytest.raises(Rejected, match="position has no effect beside tile"):
        run("watermark", saved(flat(), "PNG"), text="a", tile=True, position="north")
    with pytest.raises(Rejected, match=r"params\.colour: there is no colour 'blurple'"):
        run("watermark", saved(flat(), "PNG"), text="a", colour="blurple")


LOGO = Image.open("assets/logo.png")


def test_a_logo_is_as_wide_as_asked_and_shows_its_own_colours() -> None:
    picture = flat()
    result = made(picture, image="logo.png", scale=0.2, position="centre")
    box = ImageChops.difference(result, picture).getbbox()
    assert box
    drawn_width = LOGO.getbbox()
    assert drawn_width
    assert box[2] - box[0] == pytest.approx(0.2 * WIDTH * (drawn_width[2] - drawn_width[0]) / LOGO.width, abs=6)
    side = round(0.2 * WIDTH)
    seen = result.crop(((WIDTH - side) // 2, (HEIGHT - side) // 2, (WIDTH + side) // 2, (HEIGHT + side) // 2))
    expected = Image.new("RGBA", (side, side), (90, 60, 120))
    expected.alpha_composite(LOGO.resize((side, side), Image.Resampling.LANCZOS))
    assert psnr(seen, expected.convert("RGB")) > 40


@pytest.mark.parametrize("tile", [False, True])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("size", [(1, 1), (1, 700), (700, 1), (9, 5), (300, 200)])
def test_every_picture_takes_a_logo(size: tuple[int, int], mode: str, tile: bool) -> None:
    result = made(flat(mode, size), image="logo.png", tile=tile)
    assert result.size == size
    assert result.mode == mode.replace("L", "RGB")


def test_the_picture_can_be_cut_to_a_size_before() -> None:
    result = made(flat(), image="logo.png", width=120, height=63, gravity="north")
    assert result.size == (120, 63)
    assert made(flat(), text="a", width=100).size == (100, 75)


def test_the_opacity_of_a_logo_is_1_and_that_of_a_text_half() -> None:
    white = flat("L")
    assert made(white, text="I", scale=0.9).convert("L").getextrema()[1] == pytest.approx(90 + 165 / 2, abs=2)
    assert made(white, image="logo.png", scale=0.9).convert("L").getextrema()[1] == 255


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({}, "text or image is missing."),
        ({"text": "a", "image": "logo.png"}, "text and image cannot be given together; leave one of them out."),
        ({"image": "logo.pgn"}, "image must be one of logo.png, sign.png, not 'logo.pgn'."),
    ],
)
def test_one_of_a_text_and_a_known_asset_is_needed(params: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Rejected) as refusal:
        CATALOGUE.with_assets(["sign.png", "logo.png"]).check_params("watermark", params)
    assert (refusal.value.code, refusal.value.sentence) == ("invalid_params", sentence)


def test_a_deployment_without_assets_knows_no_parameter_for_them() -> None:
    with pytest.raises(Rejected, match="image is not known"):
        CATALOGUE.with_assets([]).check_params("watermark", {"image": "logo.png"})


def test_an_asset_that_was_deployed_once_and_is_not_any_more_is_refused() -> None:
    with pytest.raises(Rejected, match=r"params\.image: there is no asset '\.\./x\.png' in this deployment") as refusal:
        run("watermark", saved(flat(), "PNG"), image="../x.png")
    assert refusal.value.code == "invalid_params"


def test_the_colour_of_a_text_has_no_effect_on_a_logo() -> None:
    with pytest.raises(Rejected, match="colour has no effect beside image"):
        run("watermark", saved(flat(), "PNG"), image="logo.png", colour="red")


def test_spaces_of_every_kind_are_spaces() -> None:
    assert (
        run("watermark", photo("cat.jpg"), text="a\u00a0 b\tc\n").data
        == run("watermark", photo("cat.jpg"), text="a b c").data
    )


@pytest.mark.parametrize("given", [{"gravity": "north"}, {"focus": "0.1,0.1", "width": 90}])
def test_where_to_cut_needs_a_size(given: dict[str, Any]) -> None:
    (name, *_) = given
    with pytest.raises(Rejected, match=rf"params\.{name} needs both width and height"):
        run("watermark", photo("cat.jpg"), text="a", **given)


def test_text_from_right_to_left_is_refused_where_it_would_be_written_backwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("umbel_imaging.lettering.features.check", lambda name: name != "raqm")
    with pytest.raises(Rejected, match="right to left is not supported"):
        run("watermark", photo("cat.jpg"), text="שלום")

"""A drawing with a palette stays small: its results have a palette too, where that loses nothing."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageDraw
from PIL.Image import Transpose

from tests.ops.measuring import psnr
from tests.ops.running import photo, run, run_for_picture
from tests.pictures.scene import saved
from worker.codecs.palette import exactly
from worker.codecs.writing import Encoded


def drawing(colours: int = 20) -> Image.Image:
    picture = Image.new("RGB", (300, 200), "white")
    draw = ImageDraw.Draw(picture)
    for n in range(colours):
        draw.rectangle((n * 13 % 280, n * 29 % 190, n * 13 % 280 + 40, n * 29 % 190 + 25), (n * 7 % 256, n, 255 - n))
    return picture


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_drawing_that_is_turned_keeps_its_colours_and_its_size(kind: str) -> None:
    source = saved(drawing().quantize(64, dither=Image.Dither.NONE), kind)
    made = run("rotate90", source)
    assert isinstance(made, Encoded)
    turned = Image.open(BytesIO(made.data))
    assert turned.mode == "P"
    upright = turned.convert("RGB").transpose(Transpose.ROTATE_90)
    assert upright.tobytes() == Image.open(BytesIO(source)).convert("RGB").tobytes()
    assert len(made.data) < 1.5 * len(source)


def written() -> Image.Image:
    """Return a page of text in black and white."""
    page = Image.new("1", (860, 1200), 1)
    draw = ImageDraw.Draw(page)
    for line in range(30):
        draw.text((50, 40 + 36 * line), f"{line} times every op in its own lane, with a queue", fill=0, font_size=24)
    return page


@pytest.mark.parametrize(("kind", "options"), [("TIFF", {"compression": "group4"}), ("PNG", {})])
@pytest.mark.parametrize("wanted", [None, "auto"])
def test_a_page_in_black_and_white_stays_small(kind: str, options: dict[str, Any], wanted: str | None) -> None:
    data = saved(written(), kind, **options)
    result = run("flip", data, direction="vertical", format=wanted)
    assert result.format == "png"
    assert len(result.data) < 3 * len(data)
    shown = Image.open(BytesIO(result.data)).convert("L")
    assert not ImageChops.difference(shown, written().convert("L").transpose(Transpose.FLIP_TOP_BOTTOM)).getbbox()


def test_a_gray_picture_of_few_shades_takes_few_bits() -> None:
    data = saved(drawing(15).quantize(16), "PNG")
    result = run("grayscale", data)
    assert result.data[24] == 4, "bits of each pixel"
    expected = Image.open(BytesIO(data)).convert("RGB").convert("L")
    assert not ImageChops.difference(Image.open(BytesIO(result.data)).convert("L"), expected).getbbox()


def test_a_picture_that_is_made_of_a_text_has_a_palette() -> None:
    code, card = run("qr", "https://example.org"), run("card", "Every op in its own lane")
    assert (code.data[24], code.data[25]) == (1, 3)
    assert card.data[25] == 3
    assert len(card.data) < 30_000


def test_a_drawing_with_alpha_keeps_it() -> None:
    clear = drawing(5).convert("RGBA")
    clear.paste((9, 9, 9, 100), (0, 0, 80, 80))
    part = run_for_picture("crop", saved(clear.quantize(64), "PNG"), width=100, height=100, left=0, top=0)
    assert part.mode == "P"
    assert part.convert("RGBA").getpixel((5, 5)) == (9, 9, 9, 100)


def test_a_small_version_of_a_drawing_has_a_palette_if_nobody_sees_it() -> None:
    source = drawing().resize((900, 600), Image.Resampling.BICUBIC).quantize(32, dither=Image.Dither.NONE)
    made = run("thumbnail", saved(source, "PNG"))
    assert isinstance(made, Encoded)
    small = Image.open(BytesIO(made.data))
    best = source.convert("RGB").resize(small.size, Image.Resampling.LANCZOS)
    assert small.mode == "P"
    assert psnr(small.convert("RGB"), best) > 40
    assert len(made.data) < 0.7 * len(saved(best, "PNG"))


def test_a_small_version_of_a_photo_with_a_palette_has_all_its_colours() -> None:
    source = Image.open(BytesIO(photo("coffee.jpg"))).quantize(256)
    assert run_for_picture("thumbnail", saved(source, "PNG")).mode == "RGB"


def test_a_result_of_many_colours_has_no_palette() -> None:
    source = saved(drawing().quantize(64), "PNG")
    assert run_for_picture("blur", source, radius=9).mode == "RGB"
    assert exactly(drawing(250).resize((900, 600), Image.Resampling.BICUBIC)) is None


def test_a_photo_that_has_no_palette_gets_none() -> None:
    assert run_for_picture("rotate90", saved(drawing(), "PNG")).mode == "RGB"


def test_a_palette_is_only_used_where_it_loses_nothing() -> None:
    picture = drawing(200)
    indexed = exactly(picture)
    assert indexed is not None
    assert indexed.convert("RGB").tobytes() == picture.tobytes()

"""A drawing that moves keeps its colours, and is not larger than its source."""

from io import BytesIO
from itertools import pairwise
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageStat

from tests.ops.measuring import psnr
from tests.ops.running import run
from tests.pictures.moving import flat_frames, frames, moving, on_gray, painted_frames, shown
from tests.pictures.scene import saved
from worker.codecs import gif
from worker.codecs.shared_palette import SharedPalette, own_palette


def drawing(kind: str) -> bytes:
    """Return a file of forty flat frames with a palette."""
    return moving(kind, [frame.quantize(8) for frame in flat_frames((480, 270))])


def local_tables(data: bytes) -> int:
    """Return how many frames of a GIF have a palette of their own."""
    blocks = gif._blocks(data, 13 + gif.palette_size(data[10:11]))
    return sum(bool(data[start + 9] & 0x80) for kind, start, _ in blocks if kind == ord(","))


def same(data: bytes, expected: list[Image.Image]) -> bool:
    """Return whether a file shows exactly these frames."""
    pairs = zip(shown(data), map(on_gray, expected), strict=True)
    return not any(ImageChops.difference(one, other).getbbox() for one, other in pairs)


@pytest.mark.parametrize("kind", ["gif", "png"])
def test_the_frames_of_a_drawing_share_one_palette_and_are_exact(kind: str) -> None:
    data = drawing(kind)
    result = run("flip", data, direction="horizontal").data
    assert same(result, [frame.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for frame in flat_frames((480, 270))])
    assert len(result) < 1.05 * len(data)
    if kind == "gif":
        assert local_tables(result) == 0
    else:
        assert result[25] == 3, "the type of colours is that of a palette"


@pytest.mark.parametrize("kind", ["gif", "png"])
def test_the_thumbnail_of_a_drawing_is_smaller_than_its_source_and_looks_the_same(kind: str) -> None:
    data = drawing(kind)
    result = run("thumbnail", data, width=160, height=90).data
    assert len(result) < 1.1 * len(data)
    for after, before in zip(shown(result), flat_frames((480, 270)), strict=True):
        alone = Image.open(BytesIO(run("thumbnail", saved(before, "PNG"), width=160, height=90).data))
        assert psnr(after, alone.convert("RGB")) > 37
    if kind == "gif":
        assert local_tables(result) == 0


@pytest.mark.parametrize("kind", ["gif", "png"])
def test_a_drawing_with_clear_parts_has_one_palette_too(kind: str) -> None:
    result = run("convert", moving("gif", frames("RGBA")), format="png").data
    if kind == "gif":
        result = run("flip", run("flip", moving("gif", frames("RGBA"))).data).data
    assert same(result, frames("RGBA"))
    if kind == "png":
        assert result[25] == 3
        assert b"tRNS" in result


def test_new_colours_in_a_later_frame_enter_the_palette() -> None:
    made = []
    for number in range(20):
        frame = Image.new("RGB", (60, 40), "white")
        ImageDraw.Draw(frame).rectangle((10, 10, 20 + number, 30), (12 * number, 255 - 12 * number, 77))
        made.append(frame)
    for kind in ("gif", "png"):
        result = run("flip", moving(kind, [frame.quantize(4) for frame in made])).data
        expected = [frame.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for frame in made]
        assert same(result, expected)
        if kind == "gif":
            assert local_tables(result) == 0


def test_frames_of_more_colours_than_a_palette_keep_them() -> None:
    """Each has at most 256, and all of them together have thousands."""
    painted = [frame.quantize(256).convert("RGB") for frame in painted_frames()[:6]]
    data = moving("gif", painted)
    expected = [frame.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for frame in shown(data)]
    as_png = run("flip", data, format="png").data
    assert as_png[25] == 2, "the type of colours is that of red, green and blue"
    for after, before in zip(shown(as_png), expected, strict=True):
        assert max(high for _, high in ImageChops.difference(after, before).getextrema()) <= 2  # type: ignore[misc]  # of an RGB
    assert local_tables(run("flip", data).data) >= 4


def test_a_shared_palette_only_grows() -> None:
    shared, tables = SharedPalette(), []
    for frame in flat_frames():
        own = own_palette(frame)
        assert own
        indexes = shared.indexed(own)
        assert indexes
        tables.append(shared.table)
    assert all(after.startswith(before) for before, after in pairwise(tables))


def test_a_full_palette_takes_only_colours_that_look_the_same() -> None:
    shared = SharedPalette(most=1)
    reds = [own_palette(Image.new("RGB", (2, 2), (red, 0, 0))) for red in (200, 202, 203)]
    assert [bool(red and shared.indexed(red)) for red in reds] == [True, True, False]


def _ball_on(background: str) -> list[Image.Image]:
    """Return the frames of a ball that changes its colour on its way through the picture."""
    made = []
    for place in range(40):
        frame = Image.new("RGB", (480, 270), background)
        box = (place * 10, 60, place * 10 + 120, 180)
        ImageDraw.Draw(frame).ellipse(box, fill=(220, 60, place * 6))
        made.append(frame)
    return made


def _share_in(image: Image.Image, colour: tuple[int, ...], where: Image.Image) -> float:
    """Return which share of the pixels in a mask has the colour, or one that differs by too little to be seen."""
    wrong = ImageChops.difference(image.convert("RGB"), Image.new("RGB", image.size, colour[:3])).convert("L")
    return ImageStat.Stat(wrong.point(lambda difference: difference <= 2), where).mean[0]


@pytest.mark.parametrize("kind", ["gif", "png"])
@pytest.mark.parametrize("width", [160, 256, 640])
@pytest.mark.parametrize("background", ["white", "#123456", "#f0ece7", "#808285"])
def test_what_moves_leaves_no_trace_on_an_even_background(kind: str, width: int, background: str) -> None:
    made = _ball_on(background)
    size: dict[str, Any] = {"width": width, "height": 256, "fit": "cover"}
    result = run("thumbnail", moving(kind, [frame.quantize(8) for frame in made]), **size).data
    for place, frame in [*enumerate(shown(result))][::6]:
        alone = Image.open(BytesIO(run("thumbnail", saved(made[place], "PNG"), format="png", **size).data))
        colour = ImageColor.getrgb(background)
        even = ImageChops.difference(alone.convert("RGB"), Image.new("RGB", alone.size, colour[:3])).convert("L")
        mask = even.point(lambda difference: 255 * (difference == 0))
        assert _share_in(frame, colour, mask) > 0.999, f"frame {place}"

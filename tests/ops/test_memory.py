"""A picture at the limits takes at most 0.7 of its lane's memory, whatever its format and that of its result."""

import struct
from collections.abc import Callable
from functools import cache, partial
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from PIL.Image import Transpose

from tests.ops.running import CATALOGUE, LIMITS, PICTURE_OPS, photo, run
from tests.pictures.odd_heic import coded, grid, heic, reference
from tests.pictures.odd_jxl import jxl
from tests.pictures.scene import saved
from tests.trust.corpora_judge import Run, forked
from umbel_core.errors import Rejected
from umbel_core.op import Encoding
from umbel_core.settings import Limits
from umbel_imaging import vips
from worker.codecs.kind import written
from worker.codecs.memory import LANE_MB, decoder_bytes, encoder_bytes, most_pixels, most_pixels_of_result
from worker.codecs.writing import Made, encode, largest_side
from worker.pictures import StoredPicture

SIDE = 2000
SPARE = 12_000_000
"""What the libraries take once, however small the picture."""
NAMES = ["jpeg", "png", "bmp", "avif", "heic", "jxl", "tiff", "gif", "webp"]
INPUTS = [
    ("jpeg", "RGB"), ("jpeg", "CMYK"), ("png", "RGBA"), ("png", "I;16"), ("bmp", "RGBA"), ("avif", "RGBA"),
    ("tiff", "RGBA"), ("tiff", "CMYK"), ("tiff", "F"), ("tiff", "LAB"), ("gif", "P"), ("webp", "RGB"), ("webp", "RGBA"),
    ("jxl", "RGB"), ("jxl", "RGBA"), ("heic", "RGB"),
]  # fmt: skip


@cache
def noisy(mode: str) -> Image.Image:
    """Return a photo with the noise of a camera and a smooth alpha."""
    noise = Image.effect_noise((SIDE, SIDE), 40).convert("RGB")
    picture = Image.blend(Image.open(BytesIO(photo("hubble.jpg"))).resize((SIDE, SIDE)), noise, 0.2)
    if mode == "LAB":
        return Image.merge("LAB", picture.split())
    if mode.endswith("A"):
        picture.putalpha(Image.linear_gradient("L").resize((SIDE, SIDE)))
    return picture.convert("L").convert(mode) if mode.startswith(("I", "F")) else picture.convert(mode)


@pytest.fixture
def without_libvips(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for the largest pictures."""
    monkeypatch.setattr(vips, "_library", lambda: None)


def growth(work: Callable[[], object]) -> float:
    """Return the bytes by which a process grows while it works."""

    def nothing() -> None:
        pass

    def all_of_it() -> None:
        work()

    before, after = (forked(Run(file="", op=""), task) for task in (nothing, all_of_it))
    assert (before.code, after.code, after.detail) == ("completed", "completed", "")
    return (after.megabytes - before.megabytes) * 2**20


@pytest.mark.usefixtures("without_libvips")
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("kind", ["jpeg", "png", "gif", "webp", "avif"])
def test_an_encoder_takes_no_more_than_is_reckoned_with(kind: str, mode: str) -> None:
    picture = noisy(mode).copy()
    assert (
        growth(partial(encode, picture, Encoding(), Made(format=kind), LIMITS)) < encoder_bytes(picture, kind) + SPARE
    )


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize(
    ("kind", "wanted", "used"),
    [
        ("jpeg", Encoding(progressive=True), "jpeg progressive"),
        ("webp", Encoding(lossless=True, effort=10), "webp lossless"),
        ("png", Encoding(palette=True), "png palette"),
        ("png", Encoding(max_bytes=3_000_000), "png palette"),
    ],
)
def test_other_uses_of_an_encoder_have_their_own_reckoning(kind: str, wanted: Encoding, used: str, mode: str) -> None:
    picture = noisy(mode).copy()
    assert growth(partial(encode, picture, wanted, Made(format=kind), LIMITS)) < encoder_bytes(picture, used) + SPARE


def stored(kind: str, mode: str) -> bytes:
    """Return a large picture in a file."""
    if kind == "jxl":
        return jxl(noisy(mode), lossless=False, effort=3)
    if kind == "heic":
        number = SIDE // 64  # libheif takes at most a thousand items
        tiles = range(2, 2 + number * number)
        items = [grid(number, 64 * number, 64 * number, rows=number), *[coded("left")] * len(tiles)]
        return heic(*items, references=reference(b"dimg", 1, *tiles))
    return saved(noisy(mode), kind.upper(), **({"speed": 10} if kind == "avif" else {}))


@pytest.mark.parametrize(("kind", "mode"), INPUTS)
def test_decoding_takes_no_more_than_is_reckoned_with(kind: str, mode: str) -> None:
    data = stored(kind, mode)

    def turned() -> Image.Image:
        return StoredPicture(data, LIMITS).image().transpose(Transpose.ROTATE_90)

    assert growth(turned) < decoder_bytes(kind, SIDE * SIDE) + len(data) + SPARE


@pytest.mark.parametrize(("kind", "mode"), [("jpeg", "RGB"), ("png", "RGBA"), ("webp", "RGBA")])
def test_a_picture_that_is_kept_for_several_ops_takes_its_pixels_more(kind: str, mode: str) -> None:
    data = stored(kind, mode)

    def turned_twice() -> Image.Image:
        picture = StoredPicture(data, LIMITS)
        picture.keep_pixels([StoredPicture.image])
        picture.image().transpose(Transpose.ROTATE_90)
        return picture.image().transpose(Transpose.ROTATE_90)

    assert growth(turned_twice) < decoder_bytes(kind, SIDE * SIDE) + 4 * SIDE * SIDE + len(data) + SPARE


@pytest.mark.parametrize("op", [op for op in PICTURE_OPS if CATALOGUE[op].returns == "picture"])
def test_every_op_that_makes_pictures_has_the_memory_that_the_limits_reckon_with(op: str) -> None:
    assert CATALOGUE[op].compute.memory_mb >= LANE_MB


def test_a_picture_in_a_format_that_takes_more_memory_may_have_fewer_pixels() -> None:
    webp = saved(Image.new("RGB", (1, 1)), "WEBP", lossless=True)
    large = webp[:21] + struct.pack("<I", 8_999 | 8_999 << 14) + webp[25:]
    with pytest.raises(Rejected, match=r"9000 x 9000 pixels \(81 MP\); at most 71 MP of WebP are taken") as refusal:
        run("thumbnail", large)
    assert refusal.value.code == "too_many_pixels"
    with pytest.raises(Rejected, match="at most 1 MP are taken"):
        run("thumbnail", large, Limits(max_pixels=1_000_000))


def test_a_result_that_its_encoder_has_no_memory_for_is_refused_before_it_is_tried() -> None:
    with pytest.raises(Rejected, match=r"As AVIF, a result of 6600 x 6600 pixels \(43\.56 MP\) takes about") as refusal:
        encode(Image.new("RGB", (6600, 6600)), Encoding(format="avif"), Made(format="jpeg"), LIMITS)
    assert refusal.value.code == "needs_more_memory"


def test_what_is_held_beside_a_result_counts() -> None:
    picture = Image.new("L", (1000, 1000))
    encode(picture, Encoding(), Made(format="png"), LIMITS)
    with pytest.raises(Rejected, match="memory"):
        encode(picture, Encoding(), Made(format="png", held=2_000_000_000), LIMITS)


@pytest.mark.parametrize("kind", NAMES)
def test_the_documented_limits_are_those_of_the_code(kind: str) -> None:
    inputs = [f"{most_pixels(kind, LIMITS, alpha=alpha) // 10**6} MP" for alpha in (False, True)]
    inputs[1] = "" if kind == "jpeg" else inputs[1]
    if kind in ("tiff", "bmp", "heic", "jxl"):
        row = [written(kind), *inputs, "", "", ""]
    else:
        most = [min(most_pixels_of_result(kind, mode), LIMITS.max_pixels) // 10**6 for mode in ("RGB", "RGBA")]
        row = [written(kind), *inputs, *(f"{number} MP" for number in most), f"{largest_side(kind):,}"]
    assert f"| {' | '.join(row)} |".replace("|  |", "| |").replace("|  |", "| |") in Path("docs/ops.md").read_text()

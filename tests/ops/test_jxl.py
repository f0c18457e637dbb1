"""JPEG XL pictures for every op. Their header is read by the worker, their pixels by libjxl."""

import pytest
from PIL import Image

from tests.ops.measuring import look_alike
from tests.ops.running import LIMITS, photo, run
from tests.pictures import odd_jxl
from tests.pictures.odd_jxl import in_boxes, jxl
from tests.pictures.scene import private, scene
from umbel_core.errors import Rejected
from worker.codecs.jxl_header import Header, read
from worker.pictures import StoredPicture

SIZES = [
    (8, 8),
    (40, 24),
    (1, 1),
    (7, 513),
    (600, 600),
    (120, 100),
    (4, 3),
    (3, 2),
    (16, 9),
    (50, 40),
    (2, 1),
    (9000, 5),
]


def bits(*fields: tuple[int, int]) -> bytes:
    """Return a codestream of these numbers, each with its bits, the lowest bit first."""
    at = number = 0
    for value, count in fields:
        number |= value << at
        at += count
    return b"\xff\x0a" + number.to_bytes(32, "little")


@pytest.mark.parametrize("size", SIZES)
def test_the_size_is_read_without_decoding(size: tuple[int, int]) -> None:
    data = jxl(Image.new("RGB", size))
    assert read(data).size == size
    assert StoredPicture(data, LIMITS).image().size == size


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_the_mode_is_read_without_decoding(mode: str) -> None:
    header = read(jxl(Image.new(mode, (20, 10))))
    assert (header.mode, header.bits) == (mode, 8)


def test_a_lossy_photo_is_what_it_was() -> None:
    cat = StoredPicture(photo("cat.jpg"), LIMITS).image()
    assert look_alike(StoredPicture(jxl(cat, lossless=False, quality=90), LIMITS).image(), cat, tolerance=60)


def test_sixteen_bits_of_light_become_eight_of_srgb() -> None:
    half = Image.new("I;16", (16, 8), 32768)
    data = jxl(half)
    assert run("info", data)["bit_depth"] == 16
    assert set(StoredPicture(data, LIMITS).image().tobytes()) <= {187, 188, 189}


def test_orientation_and_exif_are_those_of_the_file() -> None:
    data = in_boxes(jxl(scene()), odd_jxl.exif(private(6).tobytes()))
    result = run("info", data)
    assert (result["orientation"], result["has_gps"], result["width"]) == (1, True, scene().width)
    assert look_alike(StoredPicture(data, LIMITS).image(), scene())


def test_a_turned_picture_has_its_upright_size() -> None:
    turned = bits((1, 1), (3, 5), (0, 3), (5, 5), (0, 1), (1, 1), (5, 3), (0, 3))
    assert read(turned) == Header((32, 48), orientation=6)


def test_the_header_of_a_picture_with_a_preview_is_read() -> None:
    preview = [(1, 1), (0, 2), (1, 3)]
    data = bits((1, 1), (3, 5), (1, 3), (0, 1), (1, 1), (0, 3), (0, 1), (1, 1), *preview, (0, 1), (0, 1), (1, 2))
    assert read(data) == Header((32, 32), bits=10)


def test_a_picture_that_moves_is_refused_because_the_decoder_would_show_its_last_frame() -> None:
    data = bits((1, 1), (3, 5), (1, 3), (0, 1), (1, 1), (0, 5), (1, 1))
    with pytest.raises(Rejected, match="JPEG XL files that move") as refusal:
        StoredPicture(data, LIMITS)
    assert refusal.value.code == "unsupported_format"


def test_thousands_of_channels_are_refused_before_they_are_decoded() -> None:
    data = bits((1, 1), (3, 5), (1, 3), (0, 1), (0, 1), (0, 1), (0, 2), (1, 1), (3, 2), (4000, 12))
    with pytest.raises(Rejected, match="4001 channels"):
        StoredPicture(data, LIMITS)


def test_a_picture_above_the_limit_is_refused_by_its_header() -> None:
    data = bits((0, 1), (2, 2), (19_999, 18), (1, 3), (1, 1))
    with pytest.raises(Rejected, match=r"20000 x 20000 pixels \(400 MP\); at most .* of JPEG XL are taken") as refusal:
        StoredPicture(data, LIMITS)
    assert refusal.value.code == "too_many_pixels"


def test_a_file_that_is_cut_is_refused() -> None:
    whole = in_boxes(jxl(scene()))
    for length in (30, len(whole) // 2, len(whole) - 5):
        with pytest.raises(Rejected) as refusal:
            StoredPicture(whole[:length], LIMITS).image()
        assert refusal.value.code == "truncated_picture"
    with pytest.raises(Rejected) as refusal:
        StoredPicture(jxl(scene())[:-20], LIMITS).image()
    assert refusal.value.code == "broken_picture", "a bare codestream does not say its length"

"""HEIC pictures, as phones make them, for every op: turned, cut, in tiles, in many colours, damaged."""

import subprocess
import sys
from io import BytesIO

import pytest
from PIL import Image
from PIL.Image import Transpose

from tests.ops.measuring import look_alike
from tests.ops.running import LIMITS, run
from tests.pictures import odd_heic
from tests.pictures.odd_avif import aperture, box, turned
from tests.pictures.odd_heic import aperture_of, coded, grid, heic, mirrored, reference
from tests.pictures.odd_jxl import jxl
from tests.pictures.scene import HEIGHT, WIDTH, private, scene
from umbel_core.errors import Rejected
from worker.pictures import StoredPicture

TURNS: dict[int, tuple[bytes, ...]] = {
    1: (), 2: (mirrored(1),), 3: (turned(2),), 4: (mirrored(0),),
    5: (turned(1), mirrored(0)), 6: (turned(3),), 7: (turned(3), mirrored(0)), 8: (turned(1),),
}  # fmt: skip
SHOWN = {
    2: Transpose.FLIP_LEFT_RIGHT, 3: Transpose.ROTATE_180, 4: Transpose.FLIP_TOP_BOTTOM, 5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270, 7: Transpose.TRANSVERSE, 8: Transpose.ROTATE_90,
}  # fmt: skip


@pytest.mark.parametrize("orientation", TURNS)
def test_a_picture_is_turned_once_by_the_properties_of_the_file(orientation: int) -> None:
    lying = coded("colour", aperture_of("colour"), *TURNS[orientation])
    data = heic(lying, odd_heic.exif(private(orientation).tobytes()), references=reference(b"cdsc", 2, 1))
    seen = scene().transpose(SHOWN[orientation]) if orientation > 1 else scene()
    picture = StoredPicture(data, LIMITS)
    assert picture.size == seen.size
    assert look_alike(picture.image(), seen)
    result = run("info", data)
    assert (result["orientation"], result["has_gps"], result["frames"]) == (orientation, True, 1)


def test_a_part_that_is_cut_out_is_shown_alone() -> None:
    data = heic(coded("colour", aperture((24, 1), (16, 1), (-20, 1), (-24, 1))))
    assert look_alike(StoredPicture(data, LIMITS).image(), scene().crop((0, 0, 24, 16)))


def test_a_picture_of_tiles_is_whole() -> None:
    tiles = grid(2, 128, 64), coded("left"), coded("right")
    picture = StoredPicture(heic(*tiles, references=reference(b"dimg", 1, 2, 3)), LIMITS)
    assert picture.size == (128, 64)
    assert look_alike(picture.image(), scene().resize((128, 64), Image.Resampling.NEAREST))


def test_the_main_picture_of_a_sequence_is_shown() -> None:
    data = heic(coded("colour", aperture_of("colour")), coded("left"), brand=b"msf1") + box(b"moov", bytes(100))
    picture = StoredPicture(data, LIMITS)
    assert (picture.size, picture.frames) == ((WIDTH, HEIGHT), 1)
    assert look_alike(picture.image(), scene())


def test_a_result_is_a_jpeg_and_with_transparency_a_png() -> None:
    assert run("blur", odd_heic.stored("colour")).format == "jpeg"
    clear = run("thumbnail", odd_heic.stored("clear"))
    assert clear.format == "png"
    assert Image.open(BytesIO(clear.data)).has_transparency_data


@pytest.mark.parametrize(("name", "bits"), [("colour", 8), ("deep", 10), ("gray", 8)])
def test_the_bit_depth_is_that_of_the_file(name: str, bits: int) -> None:
    assert run("info", odd_heic.stored(name))["bit_depth"] == bits


def test_a_file_that_is_cut_is_called_incomplete() -> None:
    whole = odd_heic.stored("colour")
    for length in (40, 200, len(whole) - 9):
        with pytest.raises(Rejected, match="HEIC file is incomplete") as refusal:
            StoredPicture(whole[:length], LIMITS).image()
        assert refusal.value.code == "truncated_picture"


def test_zeros_in_place_of_pixels_have_a_warning_because_the_decoder_conceals_them() -> None:
    whole = odd_heic.stored("colour")
    at = whole.index(b"mdat") + 60
    picture = StoredPicture(whole[:at] + bytes(40) + whole[at + 40 :], LIMITS)
    assert [warning.code for warning in picture.warnings] == ["data_missing"]
    assert all(StoredPicture(odd_heic.stored(name), LIMITS).warnings == [] for name in ("colour", "gray", "wide"))


def test_a_gray_picture_whose_header_says_another_depth_than_its_pixels_have_does_no_harm() -> None:
    data = odd_heic.stored("gray")
    at = data.index(b"hvcC") + 4 + 17
    assert data[at] == 0xF8
    for depth in (0xFA, 0xFC, 0xFF):
        try:
            StoredPicture(data[:at] + bytes([depth]) + data[at + 1 :], LIMITS).image()
        except Rejected as refusal:
            assert refusal.code == "broken_picture"  # noqa: PT017 - either is right


def test_a_kind_of_data_that_is_no_text_does_no_harm() -> None:
    data = heic(coded("colour"), odd_heic.exif(private().tobytes()), references=reference(b"cdsc", 2, 1))
    assert StoredPicture(data.replace(b"Exif\0", b"E\xdeif\0", 1), LIMITS).image().size == (64, 64)


def test_a_picture_of_more_pixels_than_its_header_says_is_refused_before_it_is_decoded() -> None:
    tall = odd_heic.stored("colour").replace(b"ispe" + bytes(7) + b"\x40", b"ispe" + bytes(7) + b"\x10")
    with pytest.raises(Rejected) as refusal:
        StoredPicture(tall, LIMITS).image()
    assert refusal.value.code == "broken_picture"


def test_a_picture_above_the_limit_is_refused_by_its_header() -> None:
    tiles = heic(grid(1, 16_000, 16_000), coded("colour"), references=reference(b"dimg", 1, 2))
    with pytest.raises(Rejected, match=r"at most \d+ MP") as refusal:
        StoredPicture(tiles, LIMITS)
    assert refusal.value.code == "too_many_pixels"


def test_a_small_part_of_a_picture_above_the_limit_is_refused() -> None:
    side = b"ispe" + bytes(7) + b"\x40" + bytes(3) + b"\x40"
    huge = odd_heic.stored("colour").replace(side, b"ispe" + bytes(6) + b"\x40" + bytes(3) + b"\x40\0")
    with pytest.raises(Rejected) as refusal:
        StoredPicture(huge, LIMITS)
    assert refusal.value.code == "too_many_pixels"


@pytest.mark.parametrize(("kind", "codec"), [(b"avc1", "H.264"), (b"av01", "AV1"), (b"abcd", "another")])
def test_another_codec_is_refused_with_its_name(kind: bytes, codec: str) -> None:
    with pytest.raises(Rejected, match=f"HEIF files with {codec} compression are not supported") as refusal:
        StoredPicture(odd_heic.stored("colour").replace(b"hvc1", kind), LIMITS)
    assert refusal.value.code == "unsupported_format"


def test_a_sequence_without_a_picture_is_refused() -> None:
    film = box(b"ftyp", b"hevc" + bytes(4) + b"msf1hevc") + box(b"moov", bytes(100)) + box(b"mdat", bytes(500))
    with pytest.raises(Rejected) as refusal:
        StoredPicture(film, LIMITS)
    assert refusal.value.code == "unsupported_format"


@pytest.mark.parametrize(
    ("decoder", "module", "name", "data"),
    [
        ("heic", "_pi_heif", "HEIC", odd_heic.stored("colour")),
        ("jxl", "pillow_jxl", "JPEG XL", jxl(scene())),
    ],
)
def test_a_format_that_the_deployment_leaves_out_is_refused_with_its_name(
    decoder: str, module: str, name: str, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, f"worker.codecs.{decoder}", raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(Rejected, match=f"This deployment does not take {name} files. Supported formats are") as refusal:
        StoredPicture(data, LIMITS)
    assert refusal.value.code == "unsupported_format"
    assert name not in refusal.value.sentence.partition("Supported")[2]


def test_a_jpeg_does_not_wait_for_the_decoders_of_rare_formats() -> None:
    script = (
        f"import sys; sys.path[:0] = {sys.path!r}\n"
        "from worker.pictures import StoredPicture; from umbel_core.settings import Limits\n"
        "StoredPicture(open('tests/pictures/cat.jpg', 'rb').read(), Limits()).image()\n"
        "assert not {'_pi_heif', 'pi_heif', 'pillow_jxl', 'packaging'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)

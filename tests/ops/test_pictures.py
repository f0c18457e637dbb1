"""A picture file of any format is decoded to the pixels that a person sees."""

import os
import random
import struct
import subprocess
import sys
from contextlib import suppress

import pytest
from PIL import Image
from PIL.Image import Resampling

from tests.ops.measuring import look_alike, psnr
from tests.ops.running import LIMITS, photo
from tests.pictures import profiles
from tests.pictures.bad import endless_scans
from tests.pictures.large import large_photo
from tests.pictures.odd import files
from tests.pictures.odd_jpeg import lossless
from tests.pictures.scene import HEIGHT, WIDTH, saved, scene
from umbel_core.errors import Rejected
from worker.codecs.colour import converter
from worker.pictures import StoredPicture

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # Pillow on damaged files

every_file = pytest.mark.parametrize("name", files())


@every_file
def test_pixels_are_what_a_person_sees(name: str) -> None:
    file = files()[name]
    image = StoredPicture(file.data, LIMITS).image()
    assert image.mode in ("L", "LA", "RGB", "RGBA")
    assert look_alike(image, file.seen)


def test_a_decoder_writes_nothing_between_the_json_lines_of_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    tiff = saved(scene(), "TIFF", compression="tiff_lzw")
    strip = tiff.index(struct.pack("<HHI", 273, 4, 1)) + 8
    beyond_the_end = tiff[:strip] + struct.pack("<I", 2 * len(tiff)) + tiff[strip + 4 :]
    with pytest.raises(Rejected):
        StoredPicture(beyond_the_end, LIMITS).image()
    os.write(2, b"the next line")
    assert capfd.readouterr().err == "the next line"


@every_file
def test_luma_is_the_picture_without_its_colours(name: str) -> None:
    file = files()[name]
    luma = StoredPicture(file.data, LIMITS).luma()
    assert luma.mode in ("L", "LA")
    assert look_alike(luma, file.seen.convert("RGBA").convert("LA"))


@every_file
def test_a_reduced_decode_shows_the_same_picture(name: str) -> None:
    file = files()[name]
    reduced = StoredPicture(file.data, LIMITS).at_least(12, 8)
    assert 12 <= reduced.width < WIDTH
    assert 8 <= reduced.height < HEIGHT
    assert look_alike(reduced, file.seen.resize(reduced.size, Resampling.BOX), tolerance=20)


@every_file
def test_the_header_has_the_upright_size_without_decoding(name: str) -> None:
    picture = StoredPicture(files()[name].data, LIMITS)
    assert picture.size == (WIDTH, HEIGHT)
    assert picture.format == name.split("-", maxsplit=1)[0]
    assert picture.bytes == len(files()[name].data)
    assert (picture.frames > 1) == any(word in name for word in ("animated", "pages", "frames", "preview-first"))


@every_file
def test_a_damaged_file_is_refused_or_decoded_and_raises_no_other_error(name: str) -> None:
    whole, chance = files()[name].data, random.Random(name)
    for _ in range(30):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 12)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        with suppress(Rejected):
            picture = StoredPicture(bytes(data[: chance.choice((len(data), chance.randrange(len(data))))]), LIMITS)
            picture.luma()
            picture.at_least(10, 10)


@pytest.mark.parametrize("side", [(1000, 872), (999, 871), (997, 865), (641, 479)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("wanted", [(64, 48), (200, 200), (300, 100)])
def test_a_reduced_decode_costs_no_quality(side: tuple[int, int], kind: str, wanted: tuple[int, int]) -> None:
    data = saved(scene_of_stars(side), kind)
    picture = StoredPicture(data, LIMITS)
    reduced = picture.at_least(*wanted).resize(wanted, Resampling.LANCZOS)
    assert psnr(reduced, picture.image().resize(wanted, Resampling.LANCZOS)) > 44


def scene_of_stars(size: tuple[int, int]) -> Image.Image:
    """Return sharp points of light on black: resampling errors are largest there."""
    stars = StoredPicture(photo("hubble.jpg"), LIMITS).image()
    return stars.crop((0, 0, *size))


def test_more_pixels_than_a_result_may_have_are_refused_before_they_are_made() -> None:
    picture = StoredPicture(photo("cat.jpg"), LIMITS)
    with pytest.raises(Rejected, match="16384 x 16384 pixels") as refusal:
        picture.at_least(16384, 16384)
    assert refusal.value.code == "result_too_large"


def test_colours_outside_the_srgb_range_are_converted_not_relabelled() -> None:
    raw = scene()
    shown = StoredPicture(saved(raw, "PNG", icc_profile=profiles.ADOBE_RGB), LIMITS).image()
    assert not look_alike(shown, raw), "Adobe's red and green are stronger than sRGB's of the same numbers"


def test_a_profile_that_changes_nothing_costs_nothing() -> None:
    assert converter(profiles.PLAIN_SRGB, "RGB") is None
    assert converter(profiles.DISPLAY_P3, "RGB") is not None
    assert converter(b"no profile", "RGB") is None
    assert converter(profiles.DISPLAY_P3, "L") is None


def test_a_jpeg_may_have_a_hundred_scans_and_no_more() -> None:
    StoredPicture(endless_scans(80), LIMITS).image()
    with pytest.raises(Rejected, match="scans"):
        StoredPicture(endless_scans(100), LIMITS)


def test_a_lossless_jpeg_is_made_smaller_after_it_is_decoded() -> None:
    large = scene().resize((10 * WIDTH, 10 * HEIGHT), Resampling.NEAREST)
    picture = StoredPicture(lossless(large), LIMITS)
    assert look_alike(picture.resized(WIDTH, HEIGHT), scene())
    assert look_alike(picture.at_least(WIDTH, HEIGHT).resize((WIDTH, HEIGHT)), scene())


def test_bombs_are_refused_in_little_memory() -> None:
    script = """
import resource
from umbel_core.errors import Rejected
from umbel_core.settings import Limits
from tests.pictures.bad import bad
from worker.pictures import StoredPicture
bombs = [file.data for file in bad().values() if file.code == "too_many_pixels"]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for data in bombs:
    try:
        StoredPicture(data, Limits()).image()
    except Rejected:
        pass
print(len(bombs), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    paths = "import sys; sys.path[:0] = ['.', 'functions', 'layers/core', 'layers/imaging']\n"
    answer = subprocess.run([sys.executable, "-c", paths + script], capture_output=True, text=True, check=True)
    count, kilobytes = map(int, answer.stdout.split())
    assert count >= 8
    assert kilobytes < 16_000


def test_a_camera_picture_is_decoded_no_further_than_needed() -> None:
    picture = StoredPicture(large_photo(), LIMITS)
    assert picture.at_least(256, 192).size == (504, 378)
    assert picture.at_least(1600, 1200).size == (2016, 1512)

"""A picture that libvips has yet to compute is like any other for whoever asks for its pixels, or encodes it."""

import random
import zlib
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from tests.ops.measuring import psnr
from tests.ops.running import LIMITS, photo, run
from tests.pictures.scene import saved
from umbel_core.encoding import Encoding
from umbel_core.errors import Rejected
from umbel_imaging import vips
from umbel_imaging.pending import Pending, part_of, steps_of
from umbel_imaging.softening import softened
from worker.codecs import png
from worker.codecs.writing import Made, encode
from worker.pictures import StoredPicture


def stored(kind: str = "PNG") -> StoredPicture:
    """Return a photo that is large enough for libvips."""
    return StoredPicture(saved(Image.open(BytesIO(photo("hubble.jpg"))), kind), LIMITS)


def damaged_below() -> bytes:
    """Return a PNG whose last rows are damaged, with right checksums."""
    data = saved(Image.open(BytesIO(photo("hubble.jpg"))), "PNG")
    chunks = [(start, stop) for name, start, stop in png._chunks(data) if name == b"IDAT"]
    content = bytearray(b"".join(data[start:stop] for start, stop in chunks))
    content[-len(content) // 4 :] = random.Random(7).randbytes(len(content) // 4)
    chunk = b"IDAT" + bytes(content)
    return data[: chunks[0][0] - 8] + len(content).to_bytes(4) + chunk + zlib.crc32(chunk).to_bytes(4) + data[-12:]


def test_nothing_is_computed_before_the_result_is_encoded() -> None:
    picture = softened(stored(), 2)
    assert steps_of(picture)
    made = encode(picture, Encoding(), Made(format="jpeg"), LIMITS)
    assert steps_of(picture)
    assert (made.width, made.height) == picture.size


@pytest.mark.parametrize("progressive", [True, False])
@pytest.mark.parametrize("quality", [None, 40, 95])
def test_libvips_writes_the_same_jpeg_as_pillow(quality: int | None, *, progressive: bool) -> None:
    wanted = Encoding(quality=quality, progressive=progressive)
    made, by_pillow = softened(stored(), 2), softened(stored(), 2)
    by_pillow.load()
    assert steps_of(by_pillow) is None
    fast, slow = (encode(each, wanted, Made(format="jpeg"), LIMITS).data for each in (made, by_pillow))
    opened = [Image.open(BytesIO(each)) for each in (fast, slow)]
    assert opened[0].info == opened[1].info
    assert opened[0].tobytes() == opened[1].tobytes()


def test_a_part_has_the_pixels_that_it_has_in_the_whole_which_is_not_kept() -> None:
    box = (30, 40, 400, 300)
    picture = stored().image()
    part = part_of(picture, box)
    assert steps_of(picture)
    whole = Image.open(BytesIO(photo("hubble.jpg")))
    assert part.tobytes() == whole.crop(box).tobytes()


def test_pixels_can_be_asked_for_again_and_changed() -> None:
    picture = stored().image()
    assert isinstance(picture, Pending)
    before = picture.copy()
    assert picture.tobytes() == before.tobytes()
    picture.paste("red", (0, 0, 9, 9))
    assert (picture.getpixel((0, 0)), picture.getpixel((9, 9))) == ((255, 0, 0), before.getpixel((9, 9)))


@pytest.mark.parametrize(
    ("op", "params"),
    [
        ("crop", {"width": 40, "height": 40, "left": 0, "top": 0}),
        ("resize", {"width": 300, "height": 40, "fit": "cover", "gravity": "north"}),
        ("blur", {}),
        ("sharpen", {}),
        ("rotate", {"angle": 10}),
        ("pad", {"top": 9}),
        ("convert", {"format": "jpeg"}),
        ("convert", {"format": "auto"}),
        ("flip", {"max_bytes": 90_000}),
    ],
)
def test_damage_is_found_in_every_part_of_a_png_and_refused_as_without_libvips(
    op: str, params: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = damaged_below()
    with pytest.raises(Rejected) as refusal:
        run(op, data, **params)
    monkeypatch.setattr(vips, "_library", lambda: None)
    with pytest.raises(Rejected) as expected:
        run(op, data, **params)
    assert (refusal.value.code, refusal.value.sentence) == (expected.value.code, expected.value.sentence)


def test_what_libvips_cannot_compute_pillow_does_from_the_start() -> None:
    picture = stored().image()
    assert isinstance(picture, Pending)
    picture.steps.write_to_memory()  # the file's rows are gone: no step can be computed any more
    soft = vips.blurred(picture, 3, lambda: picture.transpose(Image.Transpose.ROTATE_180))
    expected = Image.open(BytesIO(photo("hubble.jpg"))).transpose(Image.Transpose.ROTATE_180)
    assert psnr(soft, expected) > 90

"""What libvips does, Pillow would do in the same way."""

import os
import random
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from PIL.ImageFilter import GaussianBlur

from tests.ops.measuring import psnr
from tests.ops.running import LIMITS, photo, run, run_for_picture
from tests.pictures.scene import saved
from umbel_core.errors import Rejected
from umbel_imaging import vips
from umbel_imaging.pending import Pending
from worker.codecs import png, png_libvips
from worker.codecs.errors import decoding
from worker.codecs.reading import decoder, identify
from worker.pictures import StoredPicture

WORKS: list[tuple[str, dict[str, Any]]] = [
    ("thumbnail", {"width": 300}),
    ("resize", {"width": 320, "height": 200, "fit": "cover"}),
    ("blur", {"radius": 3}),
    ("sharpen", {"sigma": 2}),
    ("rotate", {"angle": 33, "background": "#ff000080"}),
    ("convert", {"format": "png"}),
]


@pytest.fixture
def without_libvips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vips, "_library", lambda: None)


def picture(mode: str) -> Image.Image:
    """Return a photo, with a smooth alpha where the mode has one."""
    found = Image.open(BytesIO(photo("hubble.jpg"))).convert("L" if mode.startswith("L") else "RGB")
    if mode.endswith("A"):
        found.putalpha(Image.linear_gradient("L").resize(found.size).point(lambda value: 128 + value // 2))
    return found


def unused() -> Image.Image:
    """What Pillow would do."""
    pytest.fail("libvips was not used")


def decoded(data: bytes) -> Image.Image | None:
    """Return a PNG as libvips reads it; None when Pillow has to."""
    return png_libvips.decoded(data, identify(data, LIMITS).header, 1, partial(by_pillow, data))


def by_pillow(data: bytes) -> Image.Image:
    """Return a PNG as Pillow reads it; raise `Rejected` when it is damaged."""
    with decoding("png", data):
        found = decoder("png", data)
        found.load()
        return found


def _bytes_by_pillow(data: bytes) -> bytes:
    return by_pillow(data).tobytes()


def outcome(work: Callable[[], bytes]) -> bytes | str:
    """Return what the work returns, or the code of its error."""
    try:
        return work()
    except Rejected as error:
        return error.code


def soft(image: Image.Image, sigma: float) -> Image.Image:
    """Return a softened picture."""
    return vips.blurred(image, sigma, lambda: image.filter(GaussianBlur(sigma)))


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize(("op", "params"), WORKS)
def test_a_result_looks_the_same_with_and_without_libvips(
    op: str, params: dict[str, Any], mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = saved(picture(mode), "PNG")
    fast = run_for_picture(op, data, **params)
    monkeypatch.setattr(vips, "_library", lambda: None)
    slow = run_for_picture(op, data, **params)
    assert fast.mode == slow.mode
    assert psnr(fast, slow) > 43


@pytest.mark.usefixtures("without_libvips")
def test_without_libvips_pillow_does_all() -> None:
    large = picture("RGB")
    assert vips.blurred(large, 2, lambda: large) is large
    assert png_libvips.encoded(large, "png", {"compress_level": 2}) is None
    assert run_for_picture("blur", saved(large, "PNG")).size == large.size


def test_a_small_picture_does_not_load_libvips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vips, "_library", lambda: pytest.fail("loaded"))
    assert run("blur", saved(Image.new("RGB", (90, 90)), "PNG")).width == 90


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_a_png_is_decoded_to_the_same_pixels(mode: str) -> None:
    data = saved(picture(mode), "PNG")
    found = decoded(data)
    assert found
    assert (found.mode, found.tobytes()) == (mode, picture(mode).tobytes())


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_a_png_is_encoded_without_loss_and_with_nothing_beside_the_pixels(mode: str) -> None:
    data = png_libvips.encoded(picture(mode), "png", {"compress_level": 2})
    assert data
    made = Image.open(BytesIO(data))
    assert (made.mode, made.tobytes()) == (mode, picture(mode).tobytes())
    assert {name for name, _, _ in png._chunks(data)} == {b"IHDR", b"IDAT", b"IEND"}


def test_pngs_that_pillow_reads_in_another_way_are_left_to_it() -> None:
    deep = Image.effect_noise((400, 400), 40).convert("I;16")
    few = picture("RGB").quantize(16)
    clear = picture("RGB")
    for data in (saved(deep, "PNG"), saved(few, "PNG"), saved(clear, "PNG", transparency=(1, 2, 3))):
        assert decoded(data) is None


def damaged() -> Iterator[bytes]:
    """Yield PNGs that are damaged inside of their compressed pixels, with right checksums."""
    data = saved(picture("RGB").resize((300, 300)), "PNG")
    (start, stop), *_ = [(start, stop) for name, start, stop in png._chunks(data) if name == b"IDAT"]
    chance = random.Random(12)
    for _ in range(60):
        inside = bytearray(data[start:stop])
        for _ in range(chance.choice([1, 1, 2, 40])):
            inside[chance.randrange(len(inside))] = chance.randrange(256)
        content = bytes(inside[: chance.choice([len(inside), len(inside), chance.randrange(len(inside))])])
        chunk = b"IDAT" + content
        yield data[: start - 8] + len(content).to_bytes(4) + chunk + zlib.crc32(chunk).to_bytes(4) + data[stop + 4 :]
    pixels = zlib.decompress(data[start:stop]) if data.count(b"IDAT") == 1 else bytes(301 * 900)
    for raw in (b"\x09" + pixels[1:], pixels + b"more", pixels[:-9]):
        chunk = b"IDAT" + zlib.compress(raw)
        yield data[: start - 8] + (len(chunk) - 4).to_bytes(4) + chunk + zlib.crc32(chunk).to_bytes(4) + data[-12:]


def test_libvips_reads_no_damaged_png_that_pillow_refuses(capfd: pytest.CaptureFixture[str]) -> None:
    for data in damaged():
        try:
            found = decoded(data)
        except Rejected:
            continue
        if found:
            assert outcome(found.tobytes) == outcome(partial(_bytes_by_pillow, data))
    assert capfd.readouterr().err == ""


def test_libvips_reads_nothing_but_pngs() -> None:
    pyvips = vips.library(1_000_000)
    for kind in ("JPEG", "WEBP", "TIFF", "GIF"):
        with pytest.raises(pyvips.Error):
            pyvips.Image.new_from_buffer(saved(picture("RGB"), kind), "").avg()
    with pytest.raises(pyvips.Error, match="blocked"):
        pyvips.Image.svgload_buffer(b"<svg/>")


def test_a_forked_process_does_without_the_threads_of_libvips() -> None:
    assert isinstance(soft(picture("L"), 2), Pending)
    child = os.fork()
    if not child:
        os._exit(0 if not isinstance(soft(picture("L"), 2), Pending) else 1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("sigma", [0.3, 0.7, 0.866, 1, 1.7, 2, 3, 4, 7, 8, 16, 40, 100])
def test_a_blur_makes_nothing_lighter_or_darker(sigma: float) -> None:
    even = Image.new("RGB", (300, 300), (3, 129, 250))
    assert soft(even, sigma).getextrema() == even.getextrema()


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_an_enlarged_picture_lies_where_it_lay(factor: int) -> None:
    small = picture("RGB").resize((240, 200))
    large = vips.enlarged(small, factor, unused)
    assert psnr(large.reduce(factor), small) > 27
    mirrored = vips.enlarged(small.transpose(Image.Transpose.ROTATE_180), factor, unused)
    assert psnr(mirrored.transpose(Image.Transpose.ROTATE_180), large) > 50


def test_what_is_averaged_down_while_it_is_decoded_is_what_pillow_averages() -> None:
    data = saved(picture("RGB").resize((960, 840)), "PNG")
    stored = StoredPicture(data, LIMITS)
    assert psnr(stored.at_least(240, 210), stored.image().reduce(2)) > 50


def test_importing_what_a_lane_imports_does_not_load_libvips() -> None:
    program = "import sys, worker.pictures, ops.blur; sys.exit('pyvips' in sys.modules)"
    paths = os.pathsep.join(["functions", "layers/core", "layers/imaging"])
    assert subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": paths}, check=False).returncode == 0

"""convert: the same picture in another format."""

import pytest

from tests.ops.measuring import look_alike, psnr
from tests.ops.running import photo, run, run_for_picture
from tests.pictures.scene import stored

FORMATS = ["jpeg", "png", "webp", "avif"]


@pytest.mark.parametrize("wanted", FORMATS)
@pytest.mark.parametrize("name", ["jpeg", "png-clear", "gif-clear", "tiff-cmyk", "png-gray-clear", "bmp-bits"])
def test_any_format_becomes_any_other(name: str, wanted: str) -> None:
    file = stored()[name]
    result = run_for_picture("convert", file.data, format=wanted)
    assert (result.format or "").lower() == wanted
    if wanted != "jpeg":
        assert look_alike(result, file.seen, tolerance=20)


@pytest.mark.parametrize("wanted", FORMATS)
def test_the_default_quality_is_good(wanted: str) -> None:
    whole = run_for_picture("convert", photo("coffee.jpg"), format="png").convert("RGB")
    assert psnr(run_for_picture("convert", photo("coffee.jpg"), format=wanted).convert("RGB"), whole) > 33


@pytest.mark.parametrize("wanted", ["jpeg", "webp", "avif"])
def test_quality_buys_bytes(wanted: str) -> None:
    sizes = [len(run("convert", photo("coffee.jpg"), format=wanted, quality=quality).data) for quality in (1, 50, 100)]
    assert sizes == sorted(sizes)
    assert sizes[0] * 4 < sizes[2]


def test_clear_pixels_become_white_in_jpeg() -> None:
    result = run_for_picture("convert", stored()["png-clear"].data, format="jpeg")
    assert min(result.getpixel((40, 28))) > 250  # type: ignore[arg-type]  # a pixel of RGB is a tuple

"""qr: text as a QR code."""

from io import BytesIO

import pytest
import segno
from PIL import Image

from tests.ops.running import run, run_for_picture
from umbel_core.errors import Rejected

URL = "https://example.org/one?two=three"


def drawn(text: str, error: str, border: int) -> Image.Image:
    """The same code as segno's own writer draws it, a pixel for each module."""
    out = BytesIO()
    segno.make_qr(text, error=error, boost_error=False).save(out, kind="png", border=border)
    return Image.open(out).convert("L")


@pytest.mark.parametrize("text", ["a", URL, "0123456789" * 100, "Grüße, 漢字, 🌿"])
@pytest.mark.parametrize("error_correction", ["low", "medium", "quartile", "high"])
def test_a_code_has_the_modules_that_its_text_and_error_correction_ask_for(text: str, error_correction: str) -> None:
    expected = drawn(text, error_correction[0], border=4)
    code = run_for_picture("qr", text, size=4 * expected.width, error_correction=error_correction).convert("L")
    assert code.resize(expected.size, Image.Resampling.NEAREST).tobytes() == expected.tobytes()


@pytest.mark.parametrize("size", [29, 30, 57, 58, 100, 512, 4096])
def test_a_code_is_exactly_as_large_as_asked_and_its_modules_are_of_one_size(size: int) -> None:
    code = run_for_picture("qr", "a", size=size).convert("L")
    assert code.size == (size, size)
    left, top, right, bottom = code.point(lambda value: 255 - value).getbbox() or (0, 0, 0, 0)
    scale = size // (21 + 8)
    assert (right - left, bottom - top) == (21 * scale, 21 * scale)
    assert min(left, top, size - right, size - bottom) >= 4 * scale


def test_a_border_of_zero_leaves_no_margin() -> None:
    code = run_for_picture("qr", "a", size=210, border=0).convert("L")
    assert code.point(lambda value: 255 - value).getbbox() == (0, 0, 210, 210)


def test_without_a_format_it_is_a_png() -> None:
    assert run("qr", "a").format == "png"
    assert run("qr", "a", format="webp", quality=90).format == "webp"


def test_a_text_that_no_code_carries_is_refused() -> None:
    assert run("qr", "1" * 7089, size=4096, error_correction="low").width == 4096
    with pytest.raises(Rejected, match=r"No QR code carries 3000 characters with high") as refusal:
        run("qr", "x" * 3000, error_correction="high")
    assert refusal.value.code == "input_too_large"


def test_a_size_that_has_no_room_for_the_modules_is_refused() -> None:
    with pytest.raises(Rejected, match="at least 29 pixels") as refusal:
        run("qr", "a", size=28)
    assert refusal.value.code == "invalid_params"

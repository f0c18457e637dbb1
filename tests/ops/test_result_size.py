"""No picture is too long for an op, and what a format cannot hold is refused before its encoder is asked."""

from typing import Any, get_args

import pytest
from PIL import Image

from tests.ops.running import CATALOGUE, PICTURE_OPS, run, run_for_picture, some_params
from tests.pictures.scene import saved
from umbel_core.errors import Rejected
from umbel_core.op import Format
from worker.codecs.writing import Encoded, largest_side

MAKERS = [op for op in PICTURE_OPS if CATALOGUE[op].returns == "picture"]


def long(kind: str, height: int, width: int = 16, mode: str = "RGB") -> bytes:
    return saved(Image.new(mode, (width, height), "teal"), kind)


@pytest.mark.parametrize("op", MAKERS)
@pytest.mark.parametrize(("kind", "height"), [("PNG", 17_000), ("JPEG", 20_000), ("AVIF", 20_000), ("PNG", 70_000)])
def test_every_op_takes_a_long_picture(op: str, kind: str, height: int) -> None:
    params: dict[str, Any] = {name: "png" if name == "format" else value for name, value in some_params(op).items()}
    made = run(op, long(kind, height), **params)
    assert isinstance(made, Encoded)


@pytest.mark.parametrize("op", [op for op in MAKERS if "width" not in CATALOGUE[op].params["properties"]])
@pytest.mark.parametrize("kind", sorted({*get_args(Format)} - {"png", "auto"}))
def test_what_a_format_cannot_hold_is_refused_with_the_format_and_its_limit(op: str, kind: str) -> None:
    side = largest_side(kind) + 1
    picture, params = long("PNG", side, width=1), {**some_params(op), "format": kind}
    with pytest.raises(Rejected, match=f"{kind.upper()} has at most {side - 1} on a side") as refusal:
        run(op, picture, **params)
    assert refusal.value.code == "result_too_large"


@pytest.mark.parametrize(
    ("kind", "size", "mode", "became"),
    [
        ("JPEG", (40_000, 2), "RGB", "JPEG"),
        ("AVIF", (2, 20_000), "RGB", "AVIF"),
        ("TIFF", (66_000, 2), "RGB", "PNG"),
        ("TIFF", (50_000, 2), "RGBA", "PNG"),
        ("TIFF", (50_000, 2), "RGB", "JPEG"),
        ("BMP", (66_000, 2), "RGB", "PNG"),
    ],
)
def test_a_result_keeps_the_format_of_its_input_where_that_can_have_its_size(
    kind: str, size: tuple[int, int], mode: str, became: str
) -> None:
    assert run_for_picture("grayscale", saved(Image.new(mode, size, "teal"), kind)).format == became


@pytest.mark.parametrize(("mode", "became"), [("RGB", "JPEG"), ("RGBA", "PNG")])
def test_a_webp_that_became_too_long_is_saved_in_the_next_best_format(mode: str, became: str) -> None:
    wide = saved(Image.new(mode, (16_000, 1), (0, 0, 0, 128) if mode == "RGBA" else "teal"), "WEBP", lossless=True)
    assert run_for_picture("resize", wide, width=16_384, height=1).format == became


def test_a_result_may_not_have_more_pixels_than_the_limit_said_exactly() -> None:
    with pytest.raises(Rejected, match=r"16384 x 16384 pixels \(268\.435456 MP\); at most") as refusal:
        run("resize", long("PNG", 20), width=16_384, height=16_384)
    assert refusal.value.code == "result_too_large"

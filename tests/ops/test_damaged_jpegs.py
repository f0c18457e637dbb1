"""A JPEG that lacks data is refused or has a warning, and no whole one is: libjpeg says nothing of what is missing."""

import itertools
from typing import Any

import pytest
from PIL import Image

from tests.ops.running import CATALOGUE, LIMITS, PICTURE_OPS, run, some_params
from tests.pictures.damage import cut, detailed, zeroed
from tests.pictures.scene import saved
from umbel_core.errors import Rejected
from worker.codecs.writing import Encoded
from worker.pictures import StoredPicture

WAYS: list[dict[str, Any]] = [
    {}, {"optimize": True}, {"progressive": True}, {"subsampling": 0}, {"subsampling": 1, "optimize": True},
    {"restart_marker_blocks": 1}, {"restart_marker_rows": 1}, {"restart_marker_blocks": 7, "optimize": True},
    {"progressive": True, "restart_marker_rows": 2}, {"keep_rgb": True},
]  # fmt: skip
PLAIN = [Image.new("RGB", (200, 120), colour) for colour in ("white", "black", "#808080", "red")]
PICTURES = [
    detailed(),
    detailed().convert("L"),
    detailed().convert("CMYK"),
    Image.linear_gradient("L"),
    *PLAIN,
    *(detailed().resize(size) for size in ((1, 1), (8, 8), (17, 9), (300, 2))),
]


def result_of(data: bytes) -> list[str]:
    """Return the codes of the warnings about what a file lacks, whose pixels have been decoded."""
    picture = StoredPicture(data, LIMITS)
    picture.at_least(1, 1)
    picture.image()
    return [warning.code for warning in picture.warnings if warning.code != "profile_guessed"]


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_whole_jpeg_has_no_warning_however_it_was_written(way: dict[str, Any]) -> None:
    for picture, quality in itertools.product(PICTURES, (1, 75, 100)):
        assert result_of(saved(picture, "JPEG", quality=quality, **way)) == []


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_what_stands_behind_the_picture_or_pads_it_is_no_damage(way: dict[str, Any]) -> None:
    whole = saved(detailed(), "JPEG", **way)
    for data in (
        whole + b"\0" * 5000,
        whole + whole,
        whole + b"\xff\xda" * 90,
        whole[:-2] + bytes(13) + whole[-2:],
        whole[:-2] + b"\xff" * 5000 + whole[-2:],
        whole[:-2] + bytes(9000) + whole[-2:] if not way else whole,
    ):
        assert result_of(data) == []


def test_a_picture_that_lacks_only_its_end_marker_is_whole() -> None:
    assert result_of(saved(detailed(), "JPEG")[:-2]) == []


@pytest.mark.parametrize("way", [way for way in WAYS if "progressive" not in way], ids=str)
@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.9, 0.98])
def test_a_jpeg_that_was_cut_and_got_an_end_is_refused(way: dict[str, Any], share: float) -> None:
    whole = saved(detailed(), "JPEG", quality=90, **way)
    with pytest.raises(Rejected) as refusal:
        result_of(cut(whole, share))
    assert refusal.value.code in ("truncated_picture", "broken_picture")


def test_a_progressive_jpeg_without_its_last_scans_has_a_warning_in_every_op() -> None:
    data = cut(saved(detailed(), "JPEG", progressive=True), 0.5)
    for op in PICTURE_OPS:
        made = run(op, data, **some_params(op))
        assert made is not None
        assert not isinstance(made, Encoded) or CATALOGUE[op].returns == "picture"
    assert result_of(data) == ["data_missing"]


def test_zeros_in_the_finer_parts_of_a_progressive_jpeg_have_a_warning() -> None:
    large = detailed().resize((960, 640))
    assert result_of(zeroed(saved(large, "JPEG", progressive=True, quality=90), 600, 0.4)) == ["data_missing"]


def test_a_plain_area_that_is_written_as_zeros_is_no_damage() -> None:
    plain = Image.new("L", (2000, 2000), 77)
    plain.paste(0, (0, 0, 8, 8))
    data = saved(plain, "JPEG", optimize=True)
    assert bytes(1000) in data
    assert result_of(data) == []

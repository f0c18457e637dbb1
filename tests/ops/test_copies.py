"""What an op holds of a picture fits in the memory that the limits reckon with: two copies, with libvips more."""

from itertools import product
from typing import Any

import pytest
from PIL import Image

from tests.ops.running import CATALOGUE, LIMITS, OPS, PICTURE_OPS, some_params
from tests.ops.test_memory import SIDE, SPARE, growth, noisy
from tests.pictures.scene import saved
from umbel_core.catalogue import load_op
from umbel_core.op import input_annotation
from umbel_imaging import vips
from worker.codecs.memory import LANE_MB, decoder_bytes
from worker.pictures import opened
from worker.work import call

COSTLY: dict[str, dict[str, Any]] = {
    "rotate": {"angle": 1},
    "watermark": {"text": "Umbel", "scale": 1, "tile": True},
    "resize": {"width": SIDE, "height": SIDE // 2, "fit": "cover", "gravity": "attention"},
    "thumbnail": {"width": SIDE - 1, "height": SIDE, "fit": "contain", "background": "transparent"},
}
"""What costs an op more than the parameters of its schema."""


@pytest.fixture
def without_libvips(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for the largest pictures."""
    monkeypatch.setattr(vips, "_library", lambda: None)


def grown(op: str, mode: str) -> tuple[float, int]:
    """Return the bytes by which a process grows while an op makes its result, and those of the file."""
    data, function = saved(noisy(mode), "PNG", compress_level=1), load_op(OPS, op)
    params = COSTLY.get(op) or some_params(op)

    def run() -> None:
        made = call(function, opened(data, input_annotation(function), LIMITS), params)
        if isinstance(made, Image.Image):
            made.load()

    return growth(run), len(data)


OPS_AND_MODES = pytest.mark.parametrize(
    ("op", "mode"), list(product([op for op in PICTURE_OPS if CATALOGUE[op].carrier == "file"], ["L", "RGB", "RGBA"]))
)


@pytest.mark.usefixtures("without_libvips")
@OPS_AND_MODES
def test_an_op_holds_at_most_two_copies_and_two_more_with_colours_multiplied_by_the_alpha(op: str, mode: str) -> None:
    grew, size = grown(op, mode)
    multiplied = 2 * 4 * SIDE * SIDE if mode == "RGBA" else 0
    assert grew < decoder_bytes("png", SIDE * SIDE) + multiplied + size + SPARE


@OPS_AND_MODES
def test_with_libvips_the_largest_picture_that_it_gets_fits_in_the_lane(op: str, mode: str) -> None:
    grew, size = grown(op, mode)
    assert (grew - size - SPARE) / (SIDE * SIDE) * vips._MOST < LANE_MB * 1e6 - 100e6

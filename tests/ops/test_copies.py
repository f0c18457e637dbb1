"""An op holds at most two copies of a picture, so that it fits in the memory that the limits reckon with."""

from typing import Any

import pytest

from tests.ops.running import CATALOGUE, LIMITS, OPS, PICTURE_OPS, some_params
from tests.ops.test_memory import SIDE, SPARE, growth, noisy
from tests.pictures.scene import saved
from umbel_core.catalogue import load_op
from umbel_core.op import input_annotation
from worker.codecs_memory import decoder_bytes
from worker.pictures import opened
from worker.work import call

COSTLY: dict[str, dict[str, Any]] = {
    "rotate": {"angle": 1},
    "watermark": {"text": "Umbel", "scale": 1, "tile": True},
    "resize": {"width": SIDE, "height": SIDE // 2, "fit": "cover", "gravity": "attention"},
    "thumbnail": {"width": SIDE - 1, "height": SIDE, "fit": "contain", "background": "transparent"},
}
"""What costs an op more than the parameters of its schema."""


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("op", [op for op in PICTURE_OPS if CATALOGUE[op].carrier == "file"])
def test_an_op_holds_at_most_two_copies(op: str, mode: str) -> None:
    data, function = saved(noisy(mode), "PNG", compress_level=1), load_op(OPS, op)
    params = COSTLY.get(op) or some_params(op)

    def run() -> Any:
        return call(function, opened(data, input_annotation(function), LIMITS), params)

    assert growth(run) < decoder_bytes("png", SIDE * SIDE) + len(data) + SPARE

"""An animation takes the memory of a few frames, not of all."""

from functools import partial

from PIL import Image

from tests.ops.running import run
from tests.ops.test_memory import SPARE, growth
from tests.pictures.moving import moving

SIDE = 600
COPIES = 60
"""Bytes for each pixel of a frame, of the decoder, the op and the encoder together."""


def test_twice_as_many_frames_take_no_more_memory_but_for_the_files() -> None:
    grounds = [Image.effect_noise((SIDE, SIDE), 20 + number).convert("RGB") for number in range(3)]
    images = [image.rotate(90 * number) for number in range(8) for image in grounds]
    few, many = moving("gif", images[:12]), moving("gif", images)
    results = [run("blur", data) for data in (few, many)]
    assert [result.frames for result in results] == [12, 24]
    grown = [growth(partial(run, "blur", data)) for data in (few, many)]
    assert grown[0] < SIDE * SIDE * COPIES + 2 * len(results[0].data) + SPARE
    assert grown[1] - grown[0] < 2 * len(results[1].data) + SPARE

"""flip: the picture as a mirror shows it."""

import pytest
from PIL import Image

from tests.ops.running import run_for_picture
from tests.pictures.scene import saved


@pytest.mark.parametrize("size", [(7, 4), (1, 1), (1, 9), (8, 3)])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_each_row_or_column_is_turned_round(mode: str, size: tuple[int, int]) -> None:
    width, height = size
    depth = len(mode)
    pixels = [bytes((17 * at + 31 * band + 40) % 256 for band in range(depth)) for at in range(width * height)]
    picture = saved(Image.frombytes(mode, size, b"".join(pixels)), "PNG")
    rows = [pixels[row * width : (row + 1) * width] for row in range(height)]
    mirrored = b"".join(b"".join(reversed(row)) for row in rows)
    upside_down = b"".join(b"".join(row) for row in reversed(rows))
    assert run_for_picture("flip", picture).tobytes() == mirrored
    assert run_for_picture("flip", picture, direction="horizontal").tobytes() == mirrored
    assert run_for_picture("flip", picture, direction="vertical").tobytes() == upside_down


def test_the_upright_picture_is_flipped() -> None:
    picture = Image.new("RGB", (20, 10), "white")
    picture.paste("red", (0, 0, 20, 5))
    exif = Image.Exif()
    exif[0x0112] = 8  # a quarter turn to the left makes it upright: red at the left
    result = run_for_picture("flip", saved(picture, "PNG", exif=exif))
    assert (result.size, result.getpixel((2, 10)), result.getpixel((7, 10))) == (
        (10, 20), (255, 255, 255), (255, 0, 0),
    )  # fmt: skip

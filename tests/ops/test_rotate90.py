"""rotate90: a quarter clockwise."""

from PIL import Image

from tests.ops.measuring import look_alike
from tests.ops.running import run_for_picture
from tests.pictures.scene import stored


def test_what_was_on_the_left_is_on_top() -> None:
    file = stored()["png-clear"]
    turned = run_for_picture("rotate90", file.data)
    assert look_alike(turned, file.seen.transpose(Image.Transpose.ROTATE_270))


def test_a_phone_picture_is_turned_from_upright() -> None:
    file = stored()["jpeg-exif-6"]
    turned = run_for_picture("rotate90", file.data)
    assert look_alike(turned, file.seen.transpose(Image.Transpose.ROTATE_270))

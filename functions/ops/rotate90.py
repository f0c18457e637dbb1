"""A quarter turn."""

from PIL.Image import Image, Transpose

from umbel_core.op import op


@op(memory_mb=1769)
def rotate90(picture: Image) -> Image:
    """Turn the picture a quarter clockwise."""
    return picture.transpose(Transpose.ROTATE_270)

"""The picture without its colours."""

from PIL.Image import Image

from umbel_core.op import Picture, op


@op(memory_mb=1769)
def grayscale(picture: Picture) -> Image:
    """Turn the picture gray."""
    return picture.luma()

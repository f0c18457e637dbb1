"""Filter colours where alpha counts: clear pixels have a colour too, which must not reach their neighbours."""

from PIL.Image import Image
from PIL.ImageFilter import Filter

PREMULTIPLIED = {"LA": "La", "RGBA": "RGBa"}
"""Mode with alpha -> the mode whose colours are multiplied by it."""


def filtered_colours(image: Image, filter_: Filter) -> Image:
    """Return the picture with its colours filtered and its alpha as it was."""
    mode = image.mode
    if mode not in PREMULTIPLIED:
        return image.filter(filter_)
    alpha, image = image.getchannel("A"), image.convert(PREMULTIPLIED[mode])  # the picture itself is held no longer
    image = image.filter(filter_)
    image = image.convert(mode)
    image.putalpha(alpha)
    return image

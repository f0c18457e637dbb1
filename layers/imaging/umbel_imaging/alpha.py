"""Filter colours where alpha counts: clear pixels have a colour too, which must not reach their neighbours."""

from PIL.Image import Image

_PREMULTIPLIED = {"LA": "La", "RGBA": "RGBa"}
"""Mode with alpha -> the mode whose colours are multiplied by it."""


def premultiplied(image: Image) -> Image:
    """Return the picture with its colours multiplied by its alpha; the picture itself when it has none."""
    mode = _PREMULTIPLIED.get(image.mode)
    return image.convert(mode) if mode else image


def straight(image: Image) -> Image:
    """Return the picture with its colours no longer multiplied by its alpha."""
    return image.convert(image.mode.upper()) if image.mode in _PREMULTIPLIED.values() else image

"""Numbers that describe a gray picture: how sharp it is, and what it looks like."""

from statistics import median

from PIL import ImageStat
from PIL.Image import Image, Resampling
from PIL.ImageFilter import Kernel

from umbel_imaging.cosines import transform

_LAPLACIAN = Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), scale=2, offset=128)
_STRIP = 512
"""Rows that are filtered at a time."""
_SIDE, _FREQUENCIES = 32, 8


def sharpness(gray: Image) -> float:
    """Return the standard deviation of the Laplacian: 0 without any detail, above 10 for most photos in focus."""
    width, height = gray.size
    histogram = [0] * 256
    for top in range(1, height - 1, _STRIP):
        bottom = min(top + _STRIP, height - 1)
        # The filter does not change the outermost pixels, so they are cut off.
        filtered = gray.crop((0, top - 1, width, bottom + 1)).filter(_LAPLACIAN)
        inner = filtered.crop((1, 1, max(width - 1, 1), bottom - top + 1)).histogram()
        histogram = [sum(pair) for pair in zip(histogram, inner, strict=True)]
    return 2 * float(ImageStat.Stat(histogram).stddev[0]) if sum(histogram) else 0.0


def perceptual_hash(gray: Image) -> str:
    """Return 64 bits in hexadecimal, of which few differ between pictures that look alike (pHash).

    Each bit says whether one of the 64 low frequencies of the picture, reduced to 32 x 32, is above their median.
    """
    size = _SIDE, _SIDE
    values = gray.resize(size, Resampling.BOX).tobytes()
    found = [value for row in transform(values, size, _FREQUENCIES, _FREQUENCIES, shift=0.5) for value in row]
    middle = median(found[1:])
    return f"{int(''.join('01'[value > middle + 1e-9] for value in found), 2):016x}"

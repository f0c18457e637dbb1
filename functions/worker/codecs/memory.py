"""What pictures cost in memory, so that a worker refuses what it cannot hold before Lambda stops it.

The numbers are bytes per pixel, measured with the libraries of `uv.lock` and rounded up; a test holds them. Every op
that makes pictures has a lane of at least `LANE_MB`, of which pictures take at most 0.7.
"""

from PIL import Image

from umbel_core.errors import Rejected
from umbel_core.settings import Limits, exact_megapixels

LANE_MB = 1769
_WORKER_MB = 88
"""What a worker has before the first picture."""
_MP = 1_000_000
BUDGET = round((0.7 * LANE_MB - _WORKER_MB) * 1e6)

_DECODING = {"jpeg": 9, "png": 11, "gif": 9, "avif": 12, "bmp": 12, "tiff": 13, "webp": 16, "heic": 16, "jxl": 20}
"""Decoding, converting to sRGB and one copy, which most ops make, whatever the mode.

HEIC takes 9 and JPEG XL 10, but for colours of 10 and 16 bits they take this much.
"""

_PIXEL = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}

_ENCODING = {
    "jpeg": {"L": 1, "LA": 4, "RGB": 1, "RGBA": 5},
    "jpeg progressive": {"L": 3, "LA": 6, "RGB": 5, "RGBA": 9},
    "png": {"L": 2, "LA": 3, "RGB": 3, "RGBA": 3},
    "png palette": {"L": 16, "LA": 20, "RGB": 16, "RGBA": 20},
    "gif": {"L": 2, "LA": 20, "RGB": 16, "RGBA": 20},
    "webp": {"L": 12, "LA": 34, "RGB": 9, "RGBA": 30},
    "webp lossless": {"L": 36, "LA": 38, "RGB": 34, "RGBA": 36},
    "avif": {"L": 18, "LA": 32, "RGB": 26, "RGBA": 29},
}
"""What an encoder takes besides the picture, by the format and how it is used (`settings.kind_of`).

WebP's depends on the alpha: 13 for a usual one, 38 for noise."""


def most_pixels(format_name: str, limits: Limits) -> int:
    """Return how many pixels a picture of this format may have."""
    return min(limits.max_pixels, BUDGET // _DECODING[format_name] // _MP * _MP)


def pixel_bytes(image: Image.Image) -> int:
    """Return the bytes of a decoded picture."""
    return image.width * image.height * _PIXEL[image.mode]


def decoder_bytes(format_name: str, pixels: int) -> int:
    """Return the bytes that it takes to decode a picture and to copy it once."""
    return pixels * _DECODING[format_name]


def most_pixels_of_result(format_name: str, mode: str) -> int:
    """Return how many pixels a result may have when nothing else is held."""
    return BUDGET // (_PIXEL[mode] + _ENCODING[format_name][mode])


def encoder_bytes(image: Image.Image, kind: str) -> int:
    """Return the bytes that an encoder takes besides the picture."""
    return image.width * image.height * _ENCODING[kind][image.mode]


def check_encoding(image: Image.Image, kind: str, held: int) -> None:
    """Raise `Rejected` when there is no memory for encoding the picture beside `held` bytes of others."""
    if (needed := pixel_bytes(image) + encoder_bytes(image, kind) + held) > BUDGET:
        size = f"{image.width} x {image.height} pixels ({exact_megapixels(image.width * image.height)})"
        name = kind.partition(" ")[0].upper()
        sentence = (
            f"As {name}, a result of {size} takes about {needed / 1e6:.0f} MB of memory; there are"
            f" {BUDGET / 1e6:.0f} MB. Choose another format, such as JPEG, or a smaller size."
        )
        raise Rejected("needs_more_memory", sentence)

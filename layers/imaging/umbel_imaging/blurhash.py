"""BlurHash: a picture in about 30 characters (github.com/woltapp/blurhash)."""

import math

from PIL.Image import Image

from umbel_imaging.cosines import transform

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"


def blurhash(image: Image, across: int, down: int) -> str:
    """Return the hash of a small picture in `RGB` with so many components, 1 to 9 each."""
    bands = [
        transform([_LINEAR[value] for value in band.tobytes()], image.size, across, down, shift=0)
        for band in image.split()
    ]
    colours = [tuple(band[y][x] for band in bands) for y in range(down) for x in range(across)]
    mean, others = colours[0], [tuple(2 * value for value in colour) for colour in colours[1:]]
    largest = max((abs(value) for colour in others for value in colour), default=0)
    quantised = max(0, min(82, math.floor(largest * 166 - 0.5)))
    scale = (quantised + 1) / 166
    red, green, blue = map(_encoded, mean)
    return "".join(
        [
            _digits(across - 1 + 9 * (down - 1), 1),
            _digits(quantised if others else 0, 1),
            _digits(red << 16 | green << 8 | blue, 4),
            *(_digits(_difference(colour, scale), 2) for colour in others),
        ]
    )


def _difference(colour: tuple[float, ...], scale: float) -> int:
    """Return a component's three values, in 19 steps each, as one number."""
    number = 0
    for value in colour:
        root = math.copysign(math.sqrt(abs(value / scale)), value)
        number = 19 * number + max(0, min(18, math.floor(9 * root + 9.5)))
    return number


def _linear(value: int) -> float:
    share = value / 255
    return float(share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4)


def _encoded(value: float) -> int:
    value = max(0, min(1, value))
    share = value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
    return int(share * 255 + 0.5)


_LINEAR = [_linear(value) for value in range(256)]
"""sRGB's values as amounts of light."""


def _digits(number: int, length: int) -> str:
    return "".join(_DIGITS[number // 83**at % 83] for at in reversed(range(length)))

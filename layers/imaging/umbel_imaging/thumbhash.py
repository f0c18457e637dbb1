"""ThumbHash: a picture in about 25 bytes, with its shape and its alpha (evanw.github.io/thumbhash)."""

from typing import NamedTuple

from PIL.Image import Image

from umbel_imaging.cosines import transform
from umbel_imaging.geometry import Size

SIDE = 100
"""The most pixels that a side may have."""


class _Channel(NamedTuple):
    """A channel's mean, its largest frequency, and all frequencies as 0 to 1."""

    mean: float
    scale: float
    frequencies: list[float]


def thumbhash(image: Image) -> bytes:
    """Return the hash of a picture in `RGBA` with sides of at most 100 pixels."""
    width, height = size = image.size
    red, green, blue, alpha = ([value / 255 for value in image.getchannel(band).tobytes()] for band in "RGBA")
    weight = sum(alpha)
    has_alpha = weight < width * height
    red, green, blue = (_on_mean(channel, alpha, weight) for channel in (red, green, blue))
    light = [(r + g + b) / 3 for r, g, b in zip(red, green, blue, strict=True)]
    yellow = [(r + g) / 2 - b for r, g, b in zip(red, green, blue, strict=True)]
    orange = [r - g for r, g in zip(red, green, strict=True)]
    longer, most = max(size), 5 if has_alpha else 7
    across, down = (max(1, _round(most * side / longer)) for side in size)
    channels = [
        _channel(light, size, max(3, across), max(3, down)),
        _channel(yellow, size, 3, 3),
        _channel(orange, size, 3, 3),
    ]
    lightness, yellows, oranges = channels
    header = (
        _round(63 * lightness.mean)
        | _round(31.5 + 31.5 * yellows.mean) << 6
        | _round(31.5 + 31.5 * oranges.mean) << 12
        | _round(31 * lightness.scale) << 18
        | has_alpha << 23
        | (down if width > height else across) << 24
        | _round(63 * yellows.scale) << 27
        | _round(63 * oranges.scale) << 33
        | (width > height) << 39
    )
    start = header.to_bytes(5, "little")
    if has_alpha:
        channels.append(opacity := _channel(alpha, size, 5, 5))
        start += bytes([_round(15 * opacity.mean) | _round(15 * opacity.scale) << 4])
    halves = [_round(15 * value) for channel in channels for value in channel.frequencies]
    halves += [0] * (len(halves) % 2)
    return start + bytes(low | high << 4 for low, high in zip(halves[::2], halves[1::2], strict=True))


def _on_mean(channel: list[float], alpha: list[float], weight: float) -> list[float]:
    """Return the channel with its mean colour where the picture is clear."""
    mean = sum(value * at for value, at in zip(channel, alpha, strict=True)) / weight if weight else 0
    return [mean * (1 - at) + value * at for value, at in zip(channel, alpha, strict=True)]


def _channel(values: list[float], size: Size, across: int, down: int) -> _Channel:
    """Return a channel's frequencies in the triangle of the low ones."""
    found = transform(values, size, across, down, shift=0.5)
    low = [found[y][x] for y in range(down) for x in range(across) if x * down < across * (down - y)]
    mean, frequencies = low[0], low[1:]
    scale = max(map(abs, frequencies))
    return _Channel(mean, scale, [0.5 + 0.5 / scale * value for value in frequencies] if scale else frequencies)


def _round(value: float) -> int:
    return int(value + 0.5)

"""The colours that stand for a picture."""

from collections import defaultdict

from PIL.Image import Image, Quantize, frombytes

_OPAQUE = 128
"""Pixels with less alpha do not count."""


def opaque_pixels(image: Image) -> Image | None:
    """Return the opaque pixels of a small picture in `RGBA`, in one row; None when there are none."""
    data = image.tobytes()
    found = b"".join(data[at : at + 3] for at in range(0, len(data), 4) if data[at + 3] >= _OPAQUE)
    return frombytes("RGB", (len(found) // 3, 1), found) if found else None


def dominant(pixels: Image) -> str:
    """Return the most frequent colour: the mean of the fullest of 4,096 equal parts of all colours."""
    data, parts = pixels.tobytes(), defaultdict[tuple[int, ...], list[bytes]](list)
    for at in range(0, len(data), 3):
        colour = data[at : at + 3]
        parts[tuple(value >> 4 for value in colour)].append(colour)
    fullest = max(parts.values(), key=len)
    return _named([round(sum(values) / len(fullest)) for values in zip(*fullest, strict=True)])


def palette(pixels: Image, colours: int) -> list[str]:
    """Return at most so many colours that stand for the picture, the most frequent first."""
    reduced = pixels.quantize(colours, Quantize.MEDIANCUT, kmeans=colours)
    found = reduced.getpalette() or []
    counted = sorted(reduced.getcolors() or [], key=lambda each: -each[0])
    return [_named(found[3 * at : 3 * at + 3]) for _, at in counted if isinstance(at, int)]


def _named(colour: list[int]) -> str:
    return "#" + bytes(colour).hex()

"""How far two pictures are apart."""

import math

from PIL import Image, ImageChops, ImageStat


def psnr(one: Image.Image, other: Image.Image) -> float:
    """Peak signal to noise in dB: 30 is visible, 40 is not."""
    assert (one.mode, one.size) == (other.mode, other.size)
    statistics = ImageStat.Stat(ImageChops.difference(one, other))
    error = sum(statistics.sum2) / sum(statistics.count)
    return 10 * math.log10(255**2 / error) if error else math.inf


def look_alike(one: Image.Image, other: Image.Image, tolerance: int = 14) -> bool:
    """Whether the middles of all quadrants are as good as equal; clear ones are, whatever colour they hide."""
    if one.size != other.size:
        return False
    width, height = one.size
    one, other = one.convert("RGBA"), other.convert("RGBA")
    for spot in [(width * x // 4, height * y // 4) for x in (1, 3) for y in (1, 3)]:
        *colour, alpha = one.getpixel(spot)  # type: ignore[misc]  # a pixel of RGBA is a tuple
        *expected, expected_alpha = other.getpixel(spot)  # type: ignore[misc]
        if abs(alpha - expected_alpha) > tolerance:
            return False
        if alpha and any(abs(a - b) > tolerance for a, b in zip(colour, expected, strict=True)):
            return False
    return True

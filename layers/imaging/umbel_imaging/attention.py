"""Find the part of a picture that people look at first: edges, strong colours and skin.

All is computed with Pillow's own operations on a reduced copy, and gives a profile for each axis: how much there is to
see in each column or row. The best part is the one that has the most in it, and has it near its middle.
"""

from PIL import Image, ImageChops
from PIL.ImageFilter import FIND_EDGES, GaussianBlur

from umbel_imaging.geometry import Box, Size

_SIDE = 160
"""Pixels of the longer side of the reduced copy."""
_EDGES, _COLOUR, _SKIN = 1.0, 0.5, 0.5
"""What each counts; edges are amplified, because few pixels are on one."""
_AMPLIFIED = 3


def attention(image: Image.Image, part: tuple[float, float]) -> Box:
    """Return the box of a part of this size that draws the most attention, in pixels of the image."""
    map_ = _map(image)
    left = _best(_profile(map_, 0), part[0] / image.width) * image.width
    top = _best(_profile(map_, 1), part[1] / image.height) * image.height
    return left, top, left + part[0], top + part[1]


def _map(image: Image.Image) -> Image.Image:
    """Return how much attention each place draws, as a small picture in mode `L`."""
    small = _on_mean(image.resize(_reduced(image.size), Image.Resampling.BOX, reducing_gap=1))
    luma, skin_blue, skin_red = small.convert("YCbCr").split()
    # The border has no neighbours; the filter leaves the pixels there as they are.
    edges = _without_border(luma.filter(GaussianBlur(0.7)).filter(FIND_EDGES)).point(
        lambda value: min(value * _AMPLIFIED, 255)
    )
    _, saturation, value = small.convert("HSV").split()
    colour = ImageChops.multiply(saturation, value)
    skin = ImageChops.darker(
        skin_blue.point(lambda blue: 255 * (85 <= blue <= 122)), skin_red.point(lambda red: 255 * (138 <= red <= 170))
    )
    skin = ImageChops.darker(skin, luma.point(lambda light: 255 * (60 <= light <= 235)))
    found = edges.point(lambda value: value * _EDGES / 2)
    for other, weight in ((colour, _COLOUR), (skin, _SKIN)):
        found = ImageChops.add(found, other.point(lambda value, weight=weight: value * weight / 2))
    return found


def _reduced(size: Size) -> Size:
    scale = min(_SIDE / max(size), 1)
    return max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)


def _on_mean(image: Image.Image) -> Image.Image:
    """Return the picture in `RGB`, with gray where it is clear, so that its own outline counts."""
    if not image.mode.endswith("A"):
        return image.convert("RGB")
    gray = Image.new("RGB", image.size, (128, 128, 128))
    gray.paste(image.convert("RGB"), (0, 0), image.getchannel("A"))
    return gray


def _without_border(image: Image.Image) -> Image.Image:
    inner = Image.new("L", image.size)
    width, height = image.size
    if width > 2 and height > 2:
        inner.paste(image.crop((1, 1, width - 1, height - 1)), (1, 1))
    return inner


def _profile(map_: Image.Image, axis: int) -> list[float]:
    """Return the means of the columns (axis 0) or of the rows (axis 1)."""
    size = (map_.width, 1) if axis == 0 else (1, map_.height)
    return [float(value) for value in map_.convert("F").resize(size, Image.Resampling.BOX).get_flattened_data()]  # type: ignore[arg-type]  # of one band, so numbers


def _best(profile: list[float], share: float) -> float:
    """Return where the best window of this share of the profile starts, from 0 to 1 - share.

    What is in the middle of the window counts fully, what is at its ends not at all. Of windows that are equally good
    the one nearest to the middle of the picture is taken.
    """
    free = 1 - share
    if free <= 0:
        return 0
    length = len(profile)
    half = share * length / 2

    def score(middle: float) -> float:
        first, last = max(int(middle - half), 0), min(int(middle + half) + 1, length)
        return sum(profile[at] * max(1 - ((at + 0.5 - middle) / half) ** 2, 0) for at in range(first, last))

    steps = max(round(free * length), 1)
    starts = [free * step / steps for step in range(steps + 1)]
    scores = [score((start + share / 2) * length) for start in starts]
    least = max(scores) * (1 - 1e-9)
    good = [start for start, found in zip(starts, scores, strict=True) if found >= least]
    return min(good, key=lambda start: abs(start - free / 2))

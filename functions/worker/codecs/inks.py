"""Show printing inks as a press prints them, for CMYK pictures without a colour profile.

Taken for light, as most libraries do, full inks become neon colours. Eight overprints of a usual press on coated paper
are known; what lies between is interpolated, and black darkens it. That guess needs no profile of a press.
"""

from PIL import Image, ImageChops
from PIL.ImageFilter import Color3DLUT

_PAPER = (255, 255, 255)
_CYAN, _MAGENTA, _YELLOW = (0, 156, 225), (231, 0, 127), (255, 239, 0)
_BLUE, _RED, _GREEN = (38, 18, 121), (229, 4, 12), (0, 146, 54)
_ALL = (36, 30, 28)
_BLACK = (26, 17, 12)
_OVERPRINTS = [_PAPER, _CYAN, _MAGENTA, _BLUE, _YELLOW, _GREEN, _RED, _ALL]
"""The colours of all mixtures of no or full cyan, magenta and yellow; cyan changes fastest."""
_TABLE = Color3DLUT(2, [value / 255 for colour in _OVERPRINTS for value in colour])
_DARKER = [255 - round(black * (255 - value) / 255) for value in _BLACK for black in range(256)]
"""For red, green and blue: amount of black -> what remains of the light."""
_STRIP = 256


def printed(image: Image.Image) -> Image.Image:
    """Return a `CMYK` picture in `RGB`, in strips, so that a large one is not held four times."""
    width, height = image.size
    shown = Image.new("RGB", image.size)
    for top in range(0, height, _STRIP):
        cyan, magenta, yellow, black = image.crop((0, top, width, min(top + _STRIP, height))).split()
        colours = Image.merge("RGB", (cyan, magenta, yellow)).filter(_TABLE)
        light = Image.merge("RGB", (black, black, black)).point(_DARKER)
        shown.paste(ImageChops.multiply(colours, light), (0, top))
    return shown

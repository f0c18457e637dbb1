"""Pictures with a palette: drawings that have few colours, and every GIF."""

from PIL import Image, ImageChops, ImageStat

_MOST_COLOURS = 256
_MOST_PIXELS = 16_000_000
"""A larger drawing keeps its full colours: to find a palette takes twelve bytes of memory for each pixel."""
_MOST_PIXELS_CHOSEN = 500_000
"""To choose the best colours takes half a second for a million pixels."""
_INVISIBLE = 1.43
"""The root of the mean square of the error, of 255: 45 dB."""
_STRIP = 256
TRANSPARENT = 255
"""The palette's last index: the transparent colour of a GIF that has transparent pixels."""


def exactly(image: Image.Image) -> Image.Image | None:
    """Return the same picture with a palette; None when it has too many colours."""
    if image.mode not in ("RGB", "RGBA") or image.width * image.height > _MOST_PIXELS:
        return None
    if image.getcolors(_MOST_COLOURS) is None:
        return None
    method = Image.Quantize.FASTOCTREE if image.mode == "RGBA" else Image.Quantize.MEDIANCUT
    indexed = image.quantize(_MOST_COLOURS, method, dither=Image.Dither.NONE)
    return indexed if _same(indexed, image) else None


def invisibly(image: Image.Image) -> Image.Image | None:
    """Return a small picture with a palette, if the difference cannot be seen; else None."""
    if image.mode != "RGB" or image.width * image.height > _MOST_PIXELS_CHOSEN:
        return None
    indexed = image.quantize(_MOST_COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
    rms = ImageStat.Stat(ImageChops.difference(indexed.convert("RGB"), image)).rms
    return indexed if max(rms) < _INVISIBLE else None


def nearly(image: Image.Image) -> Image.Image:
    """Reduce the picture to 256 colours with dithering; with alpha, the last colour is the transparent one."""
    opaque, has_alpha = image.convert("RGB"), image.mode.endswith("A")
    palette = opaque.quantize(TRANSPARENT if has_alpha else _MOST_COLOURS)
    indexed = opaque.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
    if has_alpha:
        indexed.paste(TRANSPARENT, mask=image.getchannel("A").point(lambda alpha: 255 * (alpha < 128)))
    return indexed


def _same(indexed: Image.Image, image: Image.Image) -> bool:
    for top in range(0, image.height, _STRIP):
        box = (0, top, image.width, min(top + _STRIP, image.height))
        difference = ImageChops.difference(indexed.crop(box).convert(image.mode), image.crop(box))
        if difference.getbbox(alpha_only=False):
            return False
    return True

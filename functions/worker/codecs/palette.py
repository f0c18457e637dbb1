"""Pictures with a palette: drawings that have few colours, and every GIF."""

from PIL import Image, ImageChops, ImageStat

MOST_COLOURS = 256
_MOST_IN_FEW_BITS = 16
_OPAQUE = 255
_MOST_PIXELS = 16_000_000
"""A larger drawing keeps its full colours: to find a palette takes twelve bytes of memory for each pixel."""
_MOST_PIXELS_CHOSEN = 500_000
"""To choose the best colours takes half a second for a million pixels."""
_SAMPLE = 100_000
"""Pixels from which the best colours are chosen; all of them would give 0.1 dB more."""
_INVISIBLE = 1.43
"""The root of the mean square of the error, of 255: 45 dB."""
_SLIGHT = 6.0
"""As `_INVISIBLE`, for drawings: 32 dB."""
_STRIP = 256
Colour = tuple[int, int, int]
AREAS = 50
"""An even area has more than one of so many parts of a picture."""
TRANSPARENT = 255
"""The palette's last index: the transparent colour of a GIF that has transparent pixels."""


def exactly(image: Image.Image) -> Image.Image | None:
    """Return the same picture with a palette; None when it has too many colours."""
    if image.mode not in ("RGB", "RGBA") or image.width * image.height > _MOST_PIXELS:
        return None
    if image.getcolors(MOST_COLOURS) is None:
        return None
    method = Image.Quantize.FASTOCTREE if image.mode == "RGBA" else Image.Quantize.MEDIANCUT
    indexed = image.quantize(MOST_COLOURS, method, dither=Image.Dither.NONE)
    return indexed if _same(indexed, image) else None


def in_few_bits(image: Image.Image) -> Image.Image | None:
    """Return a gray picture, an `L`, with a palette; None when it has so many grays that each pixel takes a byte."""
    grays = [gray for gray, count in enumerate(image.histogram()) if count]
    if len(grays) > _MOST_IN_FEW_BITS:
        return None
    indexed = image.point([grays.index(gray) if gray in grays else 0 for gray in range(MOST_COLOURS)])
    indexed.putpalette(bytes(gray for gray in grays for _ in "RGB"))
    return indexed


def invisibly(image: Image.Image) -> Image.Image | None:
    """Return a small picture with a palette, if the difference cannot be seen; else None."""
    if image.mode != "RGB" or image.width * image.height > _MOST_PIXELS_CHOSEN:
        return None
    indexed = best(image, MOST_COLOURS)
    rms = ImageStat.Stat(ImageChops.difference(indexed.convert("RGB"), image)).rms
    return indexed if max(rms) < _INVISIBLE else None


def sparingly(image: Image.Image, colours: int) -> Image.Image | None:
    """Return a drawing that was made from one with so many colours, with few more; None where the error can be seen.

    Fewer colours without dithering take half the bytes in a GIF.
    """
    alpha = image.getchannel("A").point(_shown) if image.mode.endswith("A") else None
    opaque = image.convert("RGB")
    for most in (2 * colours, 6 * colours):
        if most < MOST_COLOURS:
            indexed = nearly(image, most, Image.Dither.NONE)
            if max(ImageStat.Stat(ImageChops.difference(indexed.convert("RGB"), opaque), alpha).rms) < _SLIGHT:
                return indexed
    return None


def nearly(
    image: Image.Image, colours: int = MOST_COLOURS, dither: Image.Dither = Image.Dither.FLOYDSTEINBERG
) -> Image.Image:
    """Reduce the picture to so many colours; with alpha, the palette's last colour is the transparent one."""
    opaque, has_alpha = image.convert("RGB"), image.mode.endswith("A")
    indexed = opaque.quantize(palette=_palette(opaque, colours - has_alpha), dither=dither)
    if has_alpha:
        indexed.paste(TRANSPARENT, mask=ImageChops.invert(image.getchannel("A").point(_shown)))
    return indexed


def _shown(alpha: int) -> int:
    """Return whether a GIF shows a pixel with this alpha, as a mask."""
    return _OPAQUE * (alpha > _OPAQUE // 2)


def reduced(image: Image.Image, colours: int = MOST_COLOURS) -> Image.Image:
    """Reduce the picture to so many colours; with alpha, each colour has its own.

    Pillow's good quantiser takes no alpha. So it chooses the colours of opaque pixels alone, if these are the most.
    """
    if not image.mode.endswith("A"):
        return nearly(image, colours)
    image = image.convert("RGBA")
    counts = image.getchannel("A").histogram()
    if counts[_OPAQUE] < sum(counts[1:_OPAQUE]):
        return image.quantize(colours, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    return _in_two_parts(image, colours)


def _in_two_parts(image: Image.Image, colours: int) -> Image.Image:
    """Reduce the colours of opaque pixels and those of the others, which get a quarter of the palette; join them."""
    others = image.getchannel("A").point(lambda alpha: _OPAQUE * (alpha < _OPAQUE))
    clear = Image.new("RGBA", image.size)
    clear.paste(image, mask=others)
    last = clear.quantize(colours // 4, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    of_last = (last.getpalette("RGBA") or [])[: 4 * len(last.getcolors() or ())]
    opaque = image.convert("RGB")
    mean = ImageStat.Stat(opaque, ImageChops.invert(others)).mean
    opaque.paste((round(mean[0]), round(mean[1]), round(mean[2])), mask=others)
    first = opaque.quantize(palette=_palette(opaque, colours - len(of_last) // 4), dither=Image.Dither.FLOYDSTEINBERG)
    of_first = bytes(first.im.getpalette("RGBA", "RGBA"))[: 4 * (colours - len(of_last) // 4)]
    behind = len(of_first) // 4
    indexes = Image.frombytes("L", image.size, first.tobytes())
    indexes.paste(
        Image.frombytes("L", image.size, last.tobytes()).point(lambda index: min(index + behind, MOST_COLOURS - 1)),
        mask=others,
    )
    joined = Image.frombytes("P", image.size, indexes.tobytes())
    joined.putpalette(of_first + bytes(of_last), "RGBA")
    return joined


def _palette(image: Image.Image, colours: int) -> Image.Image:
    """Return a picture with the colours that are the best ones for a sample of the picture."""
    share = min((_SAMPLE / (image.width * image.height)) ** 0.5, 1)
    size = max(round(image.width * share), 1), max(round(image.height * share), 1)
    sample = image.resize(size, Image.Resampling.NEAREST)
    return best(sample, colours)


def best(image: Image.Image, colours: int) -> Image.Image:
    """Return an `RGB` in so many colours, the best ones. Those of its large even areas are exact.

    The quantiser takes the mean of similar colours: white and the soft edges beside it would become a light gray, which
    one sees where an area is drawn in two parts with different palettes.
    """
    indexed = image.quantize(colours, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
    if even := even_colours(image):
        strip = Image.new("RGB", (len(even), 1))
        # The largest area comes last, so that it wins where two have one place.
        strip.putdata(even[::-1])
        places, palette = strip.quantize(palette=indexed).tobytes(), bytearray(indexed.getpalette() or ())
        for number, place in enumerate(places):
            palette[3 * place : 3 * place + 3] = strip.tobytes()[3 * number : 3 * number + 3]
        indexed.putpalette(palette)
    return indexed


def even_colours(image: Image.Image) -> list[Colour]:
    """Return the colours of the large even areas of an `RGB`, the largest first."""
    pixels = image.width * image.height
    found: list[Colour] = []
    for count, colour in sorted(image.getcolors(pixels) or (), reverse=True):
        if count > pixels / AREAS and isinstance(colour, tuple):
            red, green, blue = colour
            found.append((red, green, blue))
    return found


def pixels_of(image: Image.Image, colour: Colour) -> Image.Image:
    """Return a mask of the pixels of an `RGB` that have exactly this colour."""
    bands = [
        band.point(lambda value, own=own: 255 * (value == own)) for band, own in zip(image.split(), colour, strict=True)
    ]
    return ImageChops.multiply(ImageChops.multiply(bands[0], bands[1]), bands[2])


def _same(indexed: Image.Image, image: Image.Image) -> bool:
    for top in range(0, image.height, _STRIP):
        box = (0, top, image.width, min(top + _STRIP, image.height))
        difference = ImageChops.difference(indexed.crop(box).convert(image.mode), image.crop(box))
        if difference.getbbox(alpha_only=False):
            return False
    return True

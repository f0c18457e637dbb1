"""The colours of a GIF's frames: their own if they are few enough, else the best ones."""

from PIL import Image, ImageChops, ImageStat

_MOST = 256
_FEW, _FEWEST = 64, 32
"""A drawing of few colours gets few, at most twice as many, which are not dithered: one would see the dots."""
_SAMPLE = 32_000
"""Pixels. To choose colours takes 1.5 seconds for a million of them; those of a sample are as good."""
_WORSE = 1.5
_UNSEEN = 2.0
"""The least error, of 255, that counts: colours with one of more than this times `_WORSE` are chosen anew."""


class Colours:
    """Chooses the colours of one frame after the other: those of the frame before, as long as they are good."""

    def __init__(self, drawn_in: int, most: int) -> None:
        few = 0 < drawn_in <= _FEW
        self._most = min(max(2 * drawn_in, _FEWEST) if few else _MOST, most, _MOST - 1)
        self._exact = _MOST if most == _MOST else self._most
        self._dither = Image.Dither.NONE if few else Image.Dither.FLOYDSTEINBERG
        self._palette: Image.Image | None = None
        self._error = 0.0

    def of(self, image: Image.Image, drawn: Image.Image, opaque: Image.Image) -> Image.Image:
        """Return the frame, an `RGB`, with a palette: its drawn pixels, and of the other opaque ones all or none.

        `drawn` and `opaque` are masks.
        """
        hidden = drawn.point(lambda value: 255 - value) if drawn.getextrema()[0] == 0 else None
        if hidden is None:
            return self._exactly(image, drawn) or _own(image, self._exact) or self._nearly(image, drawn)
        visible = image.copy()
        visible.paste((0, 0, 0), mask=hidden)
        if indexed := self._exactly(visible, drawn):
            return _without(indexed, hidden)
        if opaque.getextrema()[0] and (indexed := _own(image, self._exact)):
            return indexed
        return _without(self._nearly(visible, drawn), hidden)

    def _exactly(self, image: Image.Image, drawn: Image.Image) -> Image.Image | None:
        """Return the frame without an error, with the colours of an earlier one or its own."""
        if self._palette:
            known = image.quantize(palette=self._palette, dither=Image.Dither.NONE)
            if not _error(known, image, drawn):
                return known
        own = _own(image, min(self._exact, _MOST - 1))
        self._palette = self._palette or own
        return own

    def _nearly(self, image: Image.Image, drawn: Image.Image) -> Image.Image:
        error = None
        if self._palette:
            known = image.quantize(palette=self._palette, dither=Image.Dither.NONE)
            error = _error(known, image, drawn)
        if error is None or error > _WORSE * self._error:
            self._palette = _best(image, self._most)
            known = image.quantize(palette=self._palette, dither=Image.Dither.NONE)
            self._error = max(_error(known, image, drawn), _UNSEEN)
        return image.quantize(palette=self._palette, dither=self._dither) if self._dither else known


def _own(image: Image.Image, most: int) -> Image.Image | None:
    """Return the frame with a palette of its own, if it has so few colours."""
    if image.getcolors(most) is None:
        return None
    indexed = image.quantize(most, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return indexed if ImageChops.difference(indexed.convert("RGB"), image).getbbox() is None else None


def _best(image: Image.Image, most: int) -> Image.Image:
    """Return a picture whose palette has the best colours for this one."""
    share = (_SAMPLE / (image.width * image.height)) ** 0.5
    if share < 1:
        size = max(round(image.width * share), 1), max(round(image.height * share), 1)
        image = image.resize(size, Image.Resampling.NEAREST)
    return image.quantize(most, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)


def _without(indexed: Image.Image, hidden: Image.Image) -> Image.Image:
    """Return the frame with the hidden pixels transparent: they get the colour after the last one."""
    indexed, colours = indexed.copy(), indexed.getpalette() or []
    indexed.putpalette([*colours, 0, 0, 0])
    indexed.info["transparency"] = len(colours) // 3
    indexed.paste(len(colours) // 3, mask=hidden)
    return indexed


def _error(indexed: Image.Image, image: Image.Image, drawn: Image.Image) -> float:
    """Return the root of the mean square of the drawn pixels' error, in the worst channel."""
    difference = ImageChops.difference(indexed.convert("RGB"), image)
    return max(ImageStat.Stat(difference, drawn).rms) if drawn.getbbox() else 0.0

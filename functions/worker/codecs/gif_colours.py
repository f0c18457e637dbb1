"""The colours of a GIF's frames: their own if they are few enough, else the best ones."""

import msgspec
from PIL import Image, ImageChops, ImageStat

from worker.codecs.palette import Colour, best, even_colours, pixels_of
from worker.codecs.shared_palette import MOST, SharedPalette, few, own_palette, with_table

_FEW = 64
"""A drawing of few colours gets few, at most twice as many, which are not dithered: one would see the dots."""
_SAMPLE = 32_000
"""Pixels. To choose colours takes 1.5 seconds for a million of them; those of a sample are as good."""
_WORSE = 1.5
_UNSEEN = 2.0
"""The least error, of 255, that counts: colours with one of more than this times `_WORSE` are chosen anew."""


class Indexed(msgspec.Struct, frozen=True):
    """A frame with a palette."""

    image: Image.Image
    shares: bool
    """Whether its palette is the beginning of the one for all frames."""


class Colours:
    """Chooses the colours of one frame after the other: those of the frames before, as long as they are good.

    As long as all frames together have few colours, none has a palette of its own, which would take up to 768 bytes.
    """

    def __init__(self, drawn_in: int, most: int) -> None:
        self._few = few(drawn_in) if 0 < drawn_in <= _FEW else 0
        self._most = min(self._few or MOST, most, MOST - 1)
        self._exact = MOST if most == MOST else self._most
        self._dither = Image.Dither.NONE if self._few else Image.Dither.FLOYDSTEINBERG
        self._palette: Image.Image | None = None
        self._error = 0.0
        self._shared = SharedPalette(self._exact, self._few)
        self._even: list[Colour] = []
        """The colours of the frame's even areas, which are shown exactly where few colours are enough."""
        self._room = 0

    @property
    def table(self) -> bytes:
        """The palette for all frames, with room for the transparent index of each."""
        table = self._shared.table
        return table + bytes(max(3 * self._room - len(table), 0))

    def of(self, image: Image.Image, drawn: Image.Image, opaque: Image.Image) -> Indexed:
        """Return the frame, an `RGB`, with a palette: its drawn pixels, and of the other opaque ones all or none.

        `drawn` and `opaque` are masks.
        """
        hidden = drawn.point(lambda value: 255 - value) if drawn.getextrema()[0] == 0 else None
        visible = image
        if hidden:
            visible = image.copy()
            visible.paste((0, 0, 0), mask=hidden)
        own = own_palette(visible, self._exact)
        if own and (shared := self._sharing(own, hidden, drawn)):
            return shared
        if self._few and (alike := self._alike(visible, drawn)) and (shared := self._sharing(alike, hidden, drawn)):
            return shared
        if own and (hidden is None or _colours(own) < MOST):
            return Indexed(_without(own, hidden), shares=False)
        if hidden and opaque.getextrema()[0] and (whole := own_palette(image, self._exact)):
            return Indexed(whole, shares=False)
        near = self._nearly(visible, drawn)
        return self._sharing(near, hidden, drawn) or Indexed(_without(near, hidden), shares=False)

    def begin(self, frame: Image.Image) -> None:
        """Take the next frame, whole."""
        self._even = even_colours(frame.convert("RGB")) if self._few else []

    def wrong(self, seen: Image.Image, frame: Image.Image) -> Image.Image:
        """Return a mask of the pixels of the frame's even areas for which a viewer shows another colour.

        Such a colour was drawn for the soft edge of something that moves. When that has gone, the difference to the
        true colour may be too small to draw the pixel again, but many of them are a visible trace.
        """
        mask = Image.new("L", frame.size)
        visible = frame.convert("RGB") if self._even else frame
        for colour in self._even:
            mask = ImageChops.lighter(mask, ImageChops.subtract(pixels_of(visible, colour), pixels_of(seen, colour)))
        return mask

    def _alike(self, image: Image.Image, drawn: Image.Image) -> Image.Image | None:
        """Return the frame with the nearest colours of the palette for all; None when one sees the difference."""
        if not self._shared:
            return None
        palette = with_table(Image.new("L", (1, 1)), self._shared.table)
        known = self._in(palette, image)
        return known if _error(known, image, drawn) < _UNSEEN else None

    def _sharing(self, own: Image.Image, hidden: Image.Image | None, drawn: Image.Image) -> Indexed | None:
        """Return the frame with the palette for all; None when that lacks its colours, or one for hidden pixels."""
        indexes = self._shared.indexed(own, drawn)
        if indexes is None:
            return None
        clear = 0
        if hidden:
            used = indexes.histogram(drawn)
            free = [index for index in range(min(len(self._shared) + 1, MOST)) if not used[index]]
            if not free:
                return None
            indexes.paste(clear := free[-1], mask=hidden)
        self._room = max(self._room, clear + 1)
        image = with_table(indexes, self.table)
        if hidden:
            image.info["transparency"] = clear
        return Indexed(image, shares=True)

    def _nearly(self, image: Image.Image, drawn: Image.Image) -> Image.Image:
        error = None
        if self._palette:
            known = self._in(self._palette, image)
            error = _error(known, image, drawn)
        if error is None or error > _WORSE * self._error:
            self._palette = _best(image, self._most)
            known = self._in(self._palette, image)
            self._error = max(_error(known, image, drawn), _UNSEEN)
        return image.quantize(palette=self._palette, dither=self._dither) if self._dither else known

    def _in(self, palette: Image.Image, image: Image.Image) -> Image.Image:
        """Return the picture in the colours of a palette. Where it has the very colour, Pillow may take a near one."""
        indexed = image.quantize(palette=palette, dither=Image.Dither.NONE)
        table = indexed.getpalette() or []
        places = {tuple(table[place : place + 3]): place // 3 for place in range(0, len(table), 3)}
        for colour in self._even:
            if colour in places:
                indexed.paste(places[colour], mask=pixels_of(image, colour))
        return indexed


def _colours(indexed: Image.Image) -> int:
    return len(indexed.getpalette() or ()) // 3


def _best(image: Image.Image, most: int) -> Image.Image:
    """Return a picture whose palette has the best colours for this one."""
    share = (_SAMPLE / (image.width * image.height)) ** 0.5
    if share < 1:
        size = max(round(image.width * share), 1), max(round(image.height * share), 1)
        image = image.resize(size, Image.Resampling.NEAREST)
    return best(image, most)


def _without(indexed: Image.Image, hidden: Image.Image | None) -> Image.Image:
    """Return the frame with the hidden pixels transparent: they get the colour after the last one."""
    if hidden is None:
        return indexed
    indexed, colours = indexed.copy(), indexed.getpalette() or []
    indexed.putpalette([*colours, 0, 0, 0])
    indexed.info["transparency"] = len(colours) // 3
    indexed.paste(len(colours) // 3, mask=hidden)
    return indexed


def _error(indexed: Image.Image, image: Image.Image, drawn: Image.Image) -> float:
    """Return the root of the mean square of the drawn pixels' error, in the worst channel."""
    difference = ImageChops.difference(indexed.convert("RGB"), image)
    return max(ImageStat.Stat(difference, drawn).rms) if drawn.getbbox() else 0.0

"""One palette for all frames of an animation, which grows with each of them as long as their colours are few."""

from collections.abc import Iterator
from itertools import chain

from PIL import Image, ImageChops

from worker.codecs.frames import Box
from worker.codecs.palette import AREAS, Colour, invisibly

MOST = 256
_FEWEST = 32
_UNSEEN = 2
"""When the palette is full, a colour whose channels differ by no more is taken for one that is there."""
_SLIGHT = 6
"""The same before it is full, for the soft edges of a drawing that was made smaller: they have very many colours."""
_MOST_ALIKE = 20_000
"""Colours that are taken for others. To find one takes 40 us."""
_MOST_PIXELS_CHOSEN = 3_000_000
"""Pixels of all parts together that have more colours than a palette. To choose the best takes 0.5 us for each."""
Change = tuple[Image.Image, Box, int]
"""A part of a frame, its box, and the milliseconds of the frame."""


class SharedPalette:
    """The colours of the frames so far."""

    def __init__(self, most: int = MOST, few: int = 0) -> None:
        """`few`: how many colours a frame has whose colours are all kept; 0 is for any number."""
        self._most, self._few = most, few
        self._tolerance = 0
        self._indexes: dict[Colour, int] = {}
        self._alike: dict[Colour, int] = {}
        """Colour -> index of one that looks the same."""

    def __len__(self) -> int:
        return len(self._indexes)

    @property
    def table(self) -> bytes:
        """Red, green and blue of each colour."""
        return bytes(channel for colour in self._indexes for channel in colour)

    def indexed(self, own: Image.Image, drawn: Image.Image | None = None) -> Image.Image | None:
        """Return a frame that has a palette with the shared one, as `L`; None when it has too many other colours.

        Only the colours of the pixels in the mask `drawn` count.
        """
        indexes, table = Image.frombytes("L", own.size, own.tobytes()), own.getpalette() or []
        found: list[int] = [0] * MOST
        new: dict[Colour, int] = {}
        counts = indexes.histogram(drawn)
        used = sorted((index for index, count in enumerate(counts) if count), key=counts.__getitem__, reverse=True)
        if self._few and len(used) > self._few:
            self._tolerance = _SLIGHT
        even = sum(counts) / AREAS
        for index in used:
            red, green, blue = table[3 * index : 3 * index + 3]
            tolerance = 0 if counts[index] > even else self._tolerance
            if (known := self._found((red, green, blue), new, tolerance)) is None:
                return None
            found[index] = known
        self._indexes |= new
        return indexes.point(found)

    def _found(self, colour: Colour, new: dict[Colour, int], tolerance: int) -> int | None:
        """Return the index of a colour, or of one that looks the same; it is added to `new` if there is room."""
        known = self._indexes.get(colour)
        if known is None and tolerance:
            known = self._alike.get(colour)
            if known is None:
                known = self._nearest(colour, new, tolerance)
        if known is None and len(self) + len(new) < self._most:
            known = new.setdefault(colour, len(self) + len(new))
        return self._nearest(colour, new, _UNSEEN) if known is None else known

    def _nearest(self, colour: Colour, new: dict[Colour, int], most: int) -> int | None:
        if len(self._alike) == _MOST_ALIKE:
            return None
        red, green, blue = colour
        best = None
        for (r, g, b), index in (self._indexes | new).items():
            if (difference := max(abs(r - red), abs(g - green), abs(b - blue))) <= most:
                best, most = index, difference - 1
        if best is not None and best < len(self):
            self._alike[colour] = best
        return best


def few(drawn_in: int) -> int:
    """Return how many colours a drawing of so many has at most without soft edges."""
    return max(2 * drawn_in, _FEWEST)


def own_palette(image: Image.Image, most: int = MOST) -> Image.Image | None:
    """Return an `RGB` with a palette of its own, if it has so few colours."""
    if image.getcolors(most) is None:
        return None
    indexed = image.quantize(most, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return indexed if ImageChops.difference(indexed.convert("RGB"), image).getbbox() is None else None


def with_table(indexes: Image.Image, table: bytes) -> Image.Image:
    """Return indexes, an `L`, as a picture with these colours."""
    image = Image.frombytes("P", indexes.size, indexes.tobytes())
    image.putpalette(table)
    return image


def with_one_palette(parts: Iterator[Change], drawn_in: int) -> Iterator[Change]:
    """Yield the parts of a drawing of so many colours with one palette for all; as they are if these have more."""
    colours = _WithClear(SharedPalette(MOST - 1, few(drawn_in)))
    kept: list[Change] = []
    rest: Iterator[Change] = iter(())
    for image, box, milliseconds in parts:
        if (indexes := colours.indexed(image)) is None:
            rest = chain([(image, box, milliseconds)], parts)
            break
        mode = image.mode
        kept.append((indexes, box, milliseconds))
    else:
        mode = "P"
    for indexes, box, milliseconds in kept:
        image = colours.shown(indexes)
        yield image if mode == "P" else image.convert(mode), box, milliseconds
    yield from rest


class _WithClear:
    """A shared palette, and a transparent colour after its last one."""

    def __init__(self, shared: SharedPalette) -> None:
        self._shared, self._clears = shared, False
        self._left = _MOST_PIXELS_CHOSEN

    def indexed(self, image: Image.Image) -> Image.Image | None:
        """Return an `RGB` or `RGBA` with the palette, as `L`; None when it has too many colours or soft edges."""
        if image.mode not in ("RGB", "RGBA"):
            return None
        alpha = image.getchannel("A") if image.mode == "RGBA" else None
        if alpha and any(alpha.histogram()[1:-1]):
            return None
        visible = image.convert("RGB")
        hidden = alpha.point(lambda value: 255 - value) if alpha else None
        if hidden:
            visible.paste((0, 0, 0), mask=hidden)
        own = own_palette(visible)
        if own is None:
            self._left -= image.width * image.height
            own = invisibly(visible) if self._left > 0 else None
        indexes = self._shared.indexed(own, alpha) if own else None
        if indexes and hidden and hidden.getbbox():
            indexes.paste(MOST - 1, mask=hidden)
            self._clears = True
        return indexes

    def shown(self, indexes: Image.Image) -> Image.Image:
        """Return the picture of these indexes."""
        clear = len(self._shared)
        if not self._clears:
            return with_table(indexes, self._shared.table)
        image = with_table(
            indexes.point(lambda index: clear if index == MOST - 1 else index), self._shared.table + b"\0\0\0"
        )
        image.info["transparency"] = clear
        return image

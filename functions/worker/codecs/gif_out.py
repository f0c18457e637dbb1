"""Frames -> GIF: of each frame only the pixels that change, in few colours."""

from collections.abc import Iterable
from io import BytesIO

from PIL import Image, ImageChops

from worker.codecs import gif
from worker.codecs.frames import Box, Shown, Whole, with_next
from worker.codecs.gif_colours import Colours, Indexed

_TOLERANCE = 2
"""A pixel whose channels differ by no more from what the canvas shows is left as it is."""
_KEEP, _CLEAR = 1, 2


def write(frames: Iterable[Shown], whole: Whole) -> bytes:
    """Return the file.

    Pixels that become transparent in the next frame are cleared by the disposal of this one.
    """
    written: list[bytes] = []
    colours = Colours(whole.drawn_in, whole.most_colours)
    canvas: Image.Image | None = None
    seen = Image.new("RGB", (1, 1))
    """What a viewer shows, in which colours stand for others."""
    size = (0, 0)
    time = shown_until = 0
    for (image, milliseconds), after in with_next((_hard(frame), time) for frame, time in frames):
        drawn = opaque = image.getchannel("A")
        colours.begin(image)
        if canvas:
            drawn = ImageChops.multiply(_differing(canvas, image), opaque)
            drawn = ImageChops.lighter(drawn, ImageChops.multiply(colours.wrong(seen, image), opaque))
        lost = after and ImageChops.subtract(opaque, after[0].getchannel("A")).getbbox()
        box = _around(drawn.getbbox(), lost) if canvas else (0, 0, *image.size)
        indexed = _in(box, image, drawn, colours)
        palette, transparent, data = _stored(indexed.image, optimize=not indexed.shares)
        if canvas:
            canvas.paste(image, mask=drawn)
        else:
            canvas, size, seen = image, image.size, image.convert("RGB")
        seen.paste(indexed.image.convert("RGB"), box[:2], mask=drawn.crop(box))
        if lost:
            canvas.paste((0, 0, 0, 0), box)
        time += milliseconds
        hundredths = max(round(time / 10) - shown_until, 1 if milliseconds else 0)
        shown_until += hundredths
        own = b"" if indexed.shares else palette
        written += _control(hundredths, transparent, clears=lost is not None)
        written += [b",", _two(box[0]), _two(box[1]), _sides((box[2] - box[0], box[3] - box[1]))]
        written += [bytes([gif.palette_flags(own)]), own, data]
    loops = b"" if whole.plays == 1 else b"!\xff\x0bNETSCAPE2.0\3\1" + _two(max(whole.plays - 1, 0)) + b"\0"
    shared = _padded(colours.table)
    screen = _sides(size) + bytes([gif.palette_flags(shared), 0, 0])
    return b"".join([b"GIF89a", screen, shared, loops, *written, b";"])


def _in(box: Box, image: Image.Image, drawn: Image.Image, colours: Colours) -> Indexed:
    """Return what is in the box, with a palette."""
    if box != (0, 0, *image.size):
        image, drawn = image.crop(box), drawn.crop(box)
    return colours.of(image.convert("RGB"), drawn, image.getchannel("A"))


def _hard(frame: Image.Image) -> Image.Image:
    """Return the frame in `RGBA`, each pixel opaque, or transparent and black."""
    image = frame.convert("RGBA")
    if not frame.mode.endswith("A"):
        return image
    alpha = image.getchannel("A").point(lambda value: 255 * (value >= 128))
    hard = Image.new("RGBA", image.size)
    hard.paste(image, mask=alpha)
    hard.putalpha(alpha)
    return hard


def _differing(canvas: Image.Image, image: Image.Image) -> Image.Image:
    """Return a mask of the pixels that differ."""
    first, *others = ImageChops.difference(canvas, image).split()
    for other in others:
        first = ImageChops.lighter(first, other)
    return first.point(lambda value: 255 * (value > _TOLERANCE))


def _stored(indexed: Image.Image, *, optimize: bool) -> tuple[bytes, bytes, bytes]:
    """Return a picture's colour table, transparent colour and data as they stand in a GIF.

    `optimize`: without the colours that it does not use.
    """
    out = BytesIO()
    indexed.save(out, "GIF", interlace=False, optimize=optimize)
    (part,) = gif.read(out.getvalue()).parts
    _, _, palette, control, _, data, _ = map(bytes, part.pieces)
    return palette, control[6:7], data


def _padded(table: bytes) -> bytes:
    """Return a palette with as many colours as a GIF can have: a power of two."""
    size = 2
    while 3 * size < len(table):
        size *= 2
    return table and table.ljust(3 * size, b"\0")


def _around(first: Box | None, second: Box | None) -> Box:
    """Return the box around both; one pixel when there is none."""
    boxes = [box for box in (first, second) if box] or [(0, 0, 1, 1)]
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _control(hundredths: int, transparent: bytes, *, clears: bool) -> list[bytes]:
    """Return the block before a frame; `clears`: its box becomes transparent before the next one."""
    flags = (_CLEAR if clears else _KEEP) << 2 | bool(transparent)
    return [b"!\xf9\4", bytes([flags]), _two(hundredths), transparent or b"\0", b"\0"]


def _sides(size: tuple[int, int]) -> bytes:
    return _two(size[0]) + _two(size[1])


def _two(number: int) -> bytes:
    return min(number, 2**16 - 1).to_bytes(2, "little")

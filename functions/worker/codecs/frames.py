"""What the formats that move have in common: the parts that a file is made of, and the frames that they are put to."""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal

import msgspec
from PIL import Image, ImageChops

EXIF = b"Exif\0\0"
"""What precedes the metadata in a JPEG, and in what Pillow makes."""
Box = tuple[int, int, int, int]
"""Left, top, right and bottom."""
Disposal = Literal["keep", "clear", "restore"]
"""What happens to a part's box before the next part: nothing, it becomes transparent, or what was there comes back."""


class Part(msgspec.Struct, frozen=True):
    """What a file stores of one frame: a picture for a box of the canvas."""

    pieces: tuple[bytes | memoryview, ...]
    """Joined, they are a file of the same format with only this picture."""
    box: Box
    milliseconds: int
    """How long the frame is shown, as it is stored: most browsers show one of less than 20 for 100."""
    disposal: Disposal = "keep"
    over: bool = True
    """Whether what is below shows through; else the part replaces it."""

    @property
    def file(self) -> bytes:
        """A file with only this picture."""
        return b"".join(self.pieces)


class Motion(msgspec.Struct):
    """The frames of a file that moves, or the only one, which does not fill the picture."""

    parts: list[Part]
    plays: int = 0
    """How often all frames are shown; 0 is for ever."""
    expected: int = 0
    """How many frames the file says that it has, or has begun."""
    has_stand_in: bool = False
    """Whether the file has a picture for programs that know no animations, which is no frame."""
    clips: bool = False
    """Whether what reaches beyond the picture is cut off; else such a frame is damaged."""

    @property
    def moves(self) -> bool:
        """Whether there is more than one frame."""
        return self.expected > 1

    @property
    def milliseconds(self) -> list[int]:
        """How long each frame is shown."""
        return [part.milliseconds for part in self.parts]


class Whole(msgspec.Struct, frozen=True):
    """What a file that moves has once."""

    plays: int
    exif: bytes = b""
    """Metadata, for a format that has it."""
    drawn_in: int = 0
    """Of a GIF: the number of colours of its source; 0 when that has no palette."""
    most_colours: int = 256
    """Of a GIF: how many a frame may have."""


def composed(motion: Motion, size: tuple[int, int], decode: Callable[[bytes], Image.Image]) -> Iterator[Image.Image]:
    """Yield each frame as it is seen, one at a time: all in `RGBA`, or all in `RGB` if none can be transparent."""
    canvas = Image.new("RGBA", size)
    opaque = False
    for number, part in enumerate(motion.parts):
        left, top, right, bottom = part.box
        if not motion.clips and (right > size[0] or bottom > size[1]):
            raise ValueError("a frame is larger than the picture")
        below = canvas.crop(part.box) if part.disposal == "restore" else None
        image = decode(part.file)
        if part.over and image.mode.endswith("A"):
            canvas.alpha_composite(image.convert("RGBA"), (left, top))
        else:
            canvas.paste(image.convert("RGBA"), part.box)
        if number == 0:
            opaque = stays_opaque(motion.parts) and canvas.getchannel("A").getextrema() == (255, 255)
        yield canvas.convert("RGB") if opaque else canvas.copy()
        if part.disposal == "clear":
            canvas.paste((0, 0, 0, 0), part.box)
        elif below:
            canvas.paste(below, part.box)


def first(motion: Motion, size: tuple[int, int], decode: Callable[[bytes], Image.Image]) -> Image.Image:
    """Return the first frame as it is seen. What it does not fill is transparent."""
    part = motion.parts[0]
    image = decode(part.file)
    if part.box == (0, 0, *size):
        return image
    if not motion.clips and (part.box[2] > size[0] or part.box[3] > size[1]):
        raise ValueError("a frame is larger than the picture")
    canvas = Image.new("RGBA", size)
    canvas.paste(image.convert("RGBA"), part.box)
    return canvas


def fills(motion: Motion, size: tuple[int, int]) -> bool:
    """Return whether the first part leaves nothing of the picture transparent that lies beyond it."""
    left, top, right, bottom = motion.parts[0].box
    return left <= 0 and top <= 0 and right >= size[0] and bottom >= size[1]


def stays_opaque(parts: list[Part]) -> bool:
    """Return whether no part can make an opaque canvas transparent."""
    first, *_ = parts
    return first.disposal == "keep" and all(part.over and part.disposal != "clear" for part in parts)


Shown = tuple[Image.Image, int]
"""A frame and its milliseconds."""


def with_next(frames: Iterable[Shown]) -> Iterator[tuple[Shown, Shown | None]]:
    """Yield each frame and the one after it."""
    before: Shown | None = None
    for frame in frames:
        if before:
            yield before, frame
        before = frame
    if before:
        yield before, None


def changes(frames: Iterable[Shown], step: int = 1, margin: int = 0) -> Iterator[tuple[Image.Image, Box, int]]:
    """Yield of each frame the smallest part that differs from the frame before, its box, and the milliseconds.

    The box has a margin of pixels that do not differ, and begins at multiples of `step`.
    """
    before: Image.Image | None = None
    for frame, milliseconds in frames:
        image = frame if before is None or frame.mode == before.mode else frame.convert(before.mode)
        box = (0, 0, *image.size)
        if before is not None:
            found = ImageChops.difference(before, image).getbbox(alpha_only=False) or (0, 0, 1, 1)
            left, top = (max(side - margin, 0) // step * step for side in found[:2])
            box = (left, top, min(found[2] + margin, image.width), min(found[3] + margin, image.height))
        yield image if box == (0, 0, *image.size) else image.crop(box), box, milliseconds
        before = image

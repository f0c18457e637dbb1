"""Decode a file for an op, no more than the op needs."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from copy import copy
from math import gcd
from typing import Any, TypeVar

from PIL.Image import Image, Resampling, Transpose
from PIL.ImageFile import ImageFile

from umbel_core.contract.warnings import ResultWarning
from umbel_core.errors import Rejected
from umbel_core.fused_lane import KEPT_MB
from umbel_core.input_types import Header
from umbel_core.settings import Limits
from umbel_imaging.resampling import resampled
from worker import picture_header
from worker.codecs import animation, png_libvips
from worker.codecs.colour import converter, eight_bits, opaque_if_clear, srgb
from worker.codecs.errors import DECODE_ERRORS, decoding
from worker.codecs.frames import composed, first
from worker.codecs.jpeg import frame
from worker.codecs.reading import decoder, identify
from worker.codecs.writing import check_size

_LARGEST_PROFILE = 4_000_000
"""Bytes. A profile for printing has about two million. Larger ones are ignored, because profiles are cached."""

_PIXEL_BYTES = 4
"""What Pillow takes for a pixel with colours."""
_BITS = 8
"""What a channel usually has."""
_ORIENTATION = 0x0112
_TRANSPOSITIONS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
_JPEG_MARGINS = {8: 1.75, 4: 1.5, 2: 1.25}
_MARGINS = dict.fromkeys(range(16, 1, -1), 2.0)
"""Divisor of the decoded size -> how many times larger than wanted the decoded picture must be. With these margins a
result (JPEG, quality 85) loses half a dB at most; without them, sharp pictures lose 3 dB.
"""
_SWAPS_SIDES = {Transpose.TRANSPOSE, Transpose.ROTATE_270, Transpose.TRANSVERSE, Transpose.ROTATE_90}

Side = TypeVar("Side", int, float)
Bytes = bytes
"""`bytes`, which is a property in the class below."""


class _AskedError(Exception):
    """Raised instead of decoding, to find out how large a picture an op needs."""

    def __init__(self, shrink: int) -> None:
        super().__init__(shrink)
        self.shrink = shrink


class StoredPicture:
    """`umbel_core.op.Picture` of a file. It is decoded from the bytes each time, so that no decoded pixels are kept."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        self._limits, self._bytes = limits, len(data)
        found = identify(data, limits)
        self._format, self._frames, self._data, header = found.format, found.frames, found.data, found.header
        self._page, self._header = found.page, header
        self.motion = found.motion
        """The frames of a file that moves, or the only one, which does not fill the picture."""
        self._warnings = found.warnings
        self._checked = not found.motion or not animation.moves(found.motion, header.size)
        """Whether it is known of each frame that it can be decoded, or only the first one is."""
        self._frame: Image | None = None
        """The pixels, where the picture is one frame of a file, or is kept for several ops."""
        self._frame_shrink = 1
        """By how much `_frame` is smaller than the picture."""
        self._is_probe = False
        self._first: StoredPicture | None = None
        self._shown = found.shown
        left, top, right, bottom = found.shown or (0, 0, *header.size)
        self._stored, self._mode = (right - left, bottom - top), header.mode
        profile = header.info.get("icc_profile")
        self._profile = profile if isinstance(profile, bytes) and len(profile) <= _LARGEST_PROFILE else None
        self._scales = found.format == "jpeg" and not frame(data).lossless
        """Whether the decoder can make the picture smaller, and gray, while it decodes."""
        self._transposition = _TRANSPOSITIONS.get(_orientation(header))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright picture."""
        width, height = self._stored
        return (height, width) if self._transposition in _SWAPS_SIDES else (width, height)

    @property
    def format(self) -> str:
        """The decoder's name in lower case."""
        return self._format

    @property
    def mode(self) -> str:
        """Pillow's mode of the file, before any conversion."""
        return self._mode

    @property
    def frames(self) -> int:
        """The number of frames in the file, before the first one that is damaged."""
        self._check()
        return self._frames

    @property
    def warnings(self) -> list[ResultWarning]:
        """What every result lacks of the file, or what was guessed."""
        self._check()
        return self._warnings

    @property
    def first_frame(self) -> "StoredPicture":
        """The first frame of the file that this picture is a frame of; the picture itself when that has one."""
        return self._first or self

    @property
    def bytes(self) -> int:
        """The size of the file in bytes."""
        return self._bytes

    @property
    def colours(self) -> int:
        """The size of the file's palette, two in black and white, and so on in few grays; 0 when it has none."""
        if self._mode == "1":
            return 2
        if self._format == "png" and self._mode == "L":
            return 2**bits if (bits := self.header.bit_depth) < _BITS else 0
        palette = self._header.palette
        return len(palette.palette) // len(palette.mode) if self._mode == "P" and palette else 0

    @property
    def header(self) -> Header:
        """What the file's header says beside the size."""
        return picture_header.read(self._header, self._data, self._format, self.motion)

    def each_frame(self) -> "Iterator[StoredPicture]":
        """Yield each frame as a picture, one at a time, up to the first one that cannot be decoded."""
        assert self.motion
        first_one = None
        frames = composed(self.motion, self._stored, self._decoded)
        for number in range(self._frames):
            frame = copy(self)
            frame._checked = True
            try:
                with decoding(self._format, self._data):
                    frame._frame = next(frames)
            except Rejected:
                if not number:
                    raise
                self._warnings.append(animation.damaged(number, self.motion.expected))
                self._frames, self._checked = number, True
                return
            frame._first = first_one = first_one or frame
            yield frame
        self._checked = True

    def _check(self) -> None:
        """Decode the frames, unless that was done, so that every op has the same ones and the same warnings."""
        if not self._checked:
            for _ in self.each_frame():
                pass

    def keep_pixels(self, ops: Iterable[Callable[["StoredPicture"], Any]]) -> None:
        """Decode the picture now, as large as all these ops need; each gets a copy, or a smaller one made from it.

        Not one that moves, and none that is larger than what the lane of fused recipes has memory for.
        """
        if self.motion:
            return
        shrink = gcd(*filter(None, map(self._asked, ops)))
        width, height = (side // shrink for side in self._stored) if shrink else (0, 0)
        if 0 < width * height * _PIXEL_BYTES <= KEPT_MB * 1_000_000:
            decoded = self._decode(shrink=shrink)
            decoded.load()
            self._frame, self._frame_shrink = decoded, shrink

    def _asked(self, op: Callable[["StoredPicture"], Any]) -> int | None:
        """Return by how much the picture may be shrunk that an op asks for first; None when it asks for no pixels."""
        probe = copy(self)
        probe._is_probe = True
        try:
            op(probe)
        except _AskedError as error:
            return error.shrink
        except Exception:  # noqa: BLE001 - the op's own run says so
            return None
        return None

    @property
    def file(self) -> ImageFile:
        """The file as Pillow has it, not yet decoded."""
        return self._header

    def image(self) -> Image:
        """Return the whole picture."""
        return self._finish(self._decode())

    def at_least(self, width: float, height: float) -> Image:
        """Return the picture at this size or larger; raise `Rejected` when the size is over the limit for results.

        A JPEG is decoded directly at 1/2, 1/4 or 1/8 of its size; other formats are decoded and then averaged down by a
        whole factor. Colours are converted afterwards.
        """
        check_size(width, height, self._limits)
        shrink = self._shrink(self._as_stored(width, height))
        image = self._decode(shrink=shrink)
        exact = self._stored[0] / shrink, self._stored[1] / shrink
        if image.size != exact:  # the last row or column covers less than a whole step
            image = image.resize((round(exact[0]), round(exact[1])), Resampling.BICUBIC, box=(0, 0, *exact))
        return self._finish(image)

    def resized(self, width: int, height: int) -> Image:
        """Return the picture at exactly this size. It is resampled first and rotated afterwards, when it is small."""
        check_size(width, height, self._limits)
        wanted = self._as_stored(width, height)
        shrink = self._shrink(wanted)
        exact = self._stored[0] / shrink, self._stored[1] / shrink
        image = self._decode(shrink=shrink)
        return self._finish(resampled(image, wanted, (0, 0, *exact)))

    def luma(self) -> Image:
        """Return the whole picture in `L` or `LA`. A JPEG's colours are decoded only if its profile needs them."""
        if self._scales and self._mode == "RGB" and not (self._profile and converter(self._profile, "RGB")):
            return self._finish(self._decode(mode="L"))
        image = self.image()
        return image.convert("LA" if image.mode.endswith("A") else "L")

    def _decode(self, mode: str | None = None, shrink: int = 1) -> Image:
        """Decode the pixels in one of `eight_bits`' modes, not yet rotated, with the sides divided by `shrink`."""
        if self._is_probe:
            raise _AskedError(shrink)
        if self._frame and shrink % self._frame_shrink == 0:
            step = shrink // self._frame_shrink
            if step > 1:
                return self._frame.reduce(step)
            return self._frame.convert(mode) if mode else self._frame.copy()
        if self.motion:
            # Not what the file shows to programs that know no animations, or fills the screen with: the first frame.
            with decoding(self._format, self._data):
                image = first(self.motion, self._stored, self._decoded)
        else:
            image = self._png(shrink) or self._by_pillow(mode, shrink)
        return image.reduce(shrink) if shrink > 1 and image.size == self._stored else image

    def _png(self, shrink: int) -> Image | None:
        """Return the picture of a PNG that libvips can read."""
        return png_libvips.decoded(self._data, self._header, shrink, self._by_pillow) if self._format == "png" else None

    def _by_pillow(self, mode: str | None = None, shrink: int = 1) -> Image:
        with decoding(self._format, self._data):
            return self._decoded(self._data, mode, shrink)

    def _decoded(self, data: Bytes, mode: str | None = None, shrink: int = 1) -> Image:
        width, height = self._stored
        picture = decoder(self._format, data, self._page)
        if self._scales:
            picture.draft(mode, (max(width // shrink, 1), max(height // shrink, 1)))
        picture.load()
        # A picture of its own, without a copy of the pixels: encoders would seek to the first frame of a file.
        decoded = picture._new(picture.im)
        if self._shown:
            decoded = decoded.crop(self._shown)
        return opaque_if_clear(decoded) if self._format == "bmp" else eight_bits(decoded)

    def _shrink(self, wanted: tuple[float, float]) -> int:
        """Return the largest divisor that leaves enough pixels for a good resampling to `wanted`."""
        ratio = min(side / max(want, 1) for side, want in zip(self._stored, wanted, strict=True))
        margins = _JPEG_MARGINS if self._scales else _MARGINS
        steps = [step for step in margins if step * margins[step] <= ratio] or [1]
        # Without a rest, libvips can take all of the steps.
        even = (step for step in steps if not any(side % step for side in self._stored) and 2 * step >= steps[0])
        return steps[0] if self._scales else next(even, steps[0])

    def _as_stored(self, width: Side, height: Side) -> tuple[Side, Side]:
        return (height, width) if self._transposition in _SWAPS_SIDES else (width, height)

    def _finish(self, image: Image) -> Image:
        """Return the image in sRGB, upright and without metadata."""
        image = srgb(image, self._profile)
        if self._transposition is not None:
            image = image.transpose(self._transposition)
        image.info = {}
        return image


def opened(data: bytes, annotation: Any, limits: Limits) -> StoredPicture:  # noqa: ARG001 - the signature of `InputType.open`
    """Return the file as a picture; raise `Rejected` when it is not a supported one, or is too large."""
    return StoredPicture(data, limits)


def _orientation(header: ImageFile) -> int:
    """Return the EXIF orientation, 1 to 8; 1 when the EXIF data is missing or broken."""
    if header.format == "TIFF":
        return 1  # Pillow rotates these itself, and its size is the upright one
    with suppress(*DECODE_ERRORS):
        return int(header.getexif().get(_ORIENTATION, 1))
    return 1

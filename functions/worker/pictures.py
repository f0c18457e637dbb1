"""Decode a file for an op, no more than the op needs, and encode the picture that the op returns."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TypeVar

from PIL.Image import Image, Resampling, Transpose
from PIL.ImageFile import ImageFile

from umbel_core.input_types import Header, is_image
from umbel_core.op import Encoding
from umbel_core.settings import Limits
from umbel_imaging.resampling import resampled
from worker import codecs_vips, picture_header
from worker.codecs_colour import converter, eight_bits, opaque_if_clear, srgb
from worker.codecs_in import DECODE_ERRORS, decoder, decoding, identify
from worker.codecs_jpeg import frame
from worker.codecs_memory import pixel_bytes
from worker.codecs_out import Encoded, Made, check_size, encode

_LARGEST_PROFILE = 4_000_000
"""Bytes. A profile for printing has about two million. Larger ones are ignored, because profiles are cached."""

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
_DRAWING = "drawing"
"""In `Image.info`: the file has a palette."""
_JPEG_MARGINS = {8: 1.75, 4: 1.5, 2: 1.25}
_MARGINS = dict.fromkeys(range(16, 1, -1), 2.0)
"""Divisor of the decoded size -> how many times larger than wanted the decoded picture must be. With these margins a
result (JPEG, quality 85) loses half a dB at most; without them, sharp pictures lose 3 dB.
"""
_SWAPS_SIDES = {Transpose.TRANSPOSE, Transpose.ROTATE_270, Transpose.TRANSVERSE, Transpose.ROTATE_90}

Side = TypeVar("Side", int, float)


class StoredPicture:
    """`umbel_core.op.Picture` of a file. It is decoded from the bytes each time, so that no decoded pixels are kept."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        self._limits, self._bytes = limits, len(data)
        found = identify(data, limits)
        self._format, self._frames, self._data, header = found.format, found.frames, found.data, found.header
        self._page, self._header = found.page, header
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
        """The number of frames in the file."""
        return self._frames

    @property
    def bytes(self) -> int:
        """The size of the file in bytes."""
        return self._bytes

    @property
    def header(self) -> Header:
        """What the file's header says beside the size."""
        return picture_header.read(self._header, self._data, self._format)

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
        width, height = self._stored
        if self._format == "png" and (image := codecs_vips.decoded(self._data, self._header, shrink)):
            return image
        with decoding(self._format, self._data):
            picture = decoder(self._format, self._data, self._page)
            if self._scales:
                picture.draft(mode, (max(width // shrink, 1), max(height // shrink, 1)))
            picture.load()
            # A picture of its own, without a copy of the pixels: encoders would seek to the first frame of a file.
            decoded = picture._new(picture.im)
            if self._shown:
                decoded = decoded.crop(self._shown)
            image = opaque_if_clear(decoded) if self._format == "bmp" else eight_bits(decoded)
        return image.reduce(shrink) if shrink > 1 and image.size == self._stored else image

    def _shrink(self, wanted: tuple[float, float]) -> int:
        """Return the largest divisor that leaves enough pixels for a good resampling to `wanted`."""
        ratio = min(side / max(want, 1) for side, want in zip(self._stored, wanted, strict=True))
        margins = _JPEG_MARGINS if self._scales else _MARGINS
        return next((step for step in margins if step * margins[step] <= ratio), 1)

    def _as_stored(self, width: Side, height: Side) -> tuple[Side, Side]:
        return (height, width) if self._transposition in _SWAPS_SIDES else (width, height)

    def _finish(self, image: Image) -> Image:
        """Return the image in sRGB, upright and without metadata."""
        image = srgb(image, self._profile)
        if self._transposition is not None:
            image = image.transpose(self._transposition)
        image.info = {}
        return image


def opened(data: bytes, annotation: Any, limits: Limits) -> StoredPicture | Image:
    """Return the file as the op's first parameter asks for it: whole as a `PIL.Image.Image`, else as a `Picture`.

    Raise `Rejected` when the file is not a supported picture, or is too large.
    """
    picture = StoredPicture(data, limits)
    if not is_image(annotation):
        return picture
    image = picture.image()
    image.format = picture.format
    image.info = {_DRAWING: picture.mode == "P"}
    return image


def encoded(made: Image, source: Any, params: Mapping[str, Any], limits: Limits) -> Encoded:
    """Encode the picture that an op returned, in the format of its parameters, else in the format of its input."""
    wanted = Encoding(format=params.get("format"), quality=params.get("quality"))
    made_from = Made(format="png")
    if isinstance(source, StoredPicture):
        made_from = Made(format=source.format, drawing=source.mode == "P")
    elif isinstance(source, Image):
        held = pixel_bytes(source) if source is not made else 0
        made_from = Made(format=source.format or "png", drawing=source.info.get(_DRAWING, False), held=held)
    return encode(made, wanted, made_from, limits)


def _orientation(header: ImageFile) -> int:
    """Return the EXIF orientation, 1 to 8; 1 when the EXIF data is missing or broken."""
    if header.format == "TIFF":
        return 1  # Pillow rotates these itself, and its size is the upright one
    with suppress(*DECODE_ERRORS):
        return int(header.getexif().get(_ORIENTATION, 1))
    return 1

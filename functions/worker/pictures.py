"""A file's bytes -> what an op works on, decoded only as far as it asks; what an op made -> a file's bytes."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TypeVar

from PIL.Image import Image, Resampling, Transpose
from PIL.ImageFile import ImageFile

from umbel_core.input_types import is_image
from umbel_core.op import Encoding
from umbel_core.settings import Limits
from worker.codecs_colour import converter, eight_bits, srgb
from worker.codecs_in import FAULTS, decoder, decoding, identify
from worker.codecs_out import Encoded, check_size, encode

_LARGEST_PROFILE = 4_000_000
"""Bytes. A printing press's profile takes two million; larger ones are ignored, because some are remembered."""

_ORIENTATION = 0x0112
_UPRIGHT = {
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
"""How much larger than asked a picture decoded at one step-th of its size must be. These cost half a dB at most, once
the result is a JPEG of quality 85; without a margin, sharp pictures lose 3 dB.
"""
_TURNED = {Transpose.TRANSPOSE, Transpose.ROTATE_270, Transpose.TRANSVERSE, Transpose.ROTATE_90}

Side = TypeVar("Side", int, float)


class StoredPicture:
    """`umbel_core.op.Picture` on a file's bytes. Every decode starts from the bytes, so that nothing large is kept."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        self._data, self._limits = data, limits
        self._format, self._frames = identify(data, limits)
        with decoding(self._format, data):
            header = decoder(self._format, data)
        self._stored, self._mode = header.size, header.mode
        profile = header.info.get("icc_profile")
        self._profile = profile if isinstance(profile, type(data)) and len(profile) <= _LARGEST_PROFILE else None
        self._turn = _UPRIGHT.get(_orientation(header, data))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, upright."""
        width, height = self._stored
        return (height, width) if self._turn in _TURNED else (width, height)

    @property
    def format(self) -> str:
        """The decoder's name in lower case."""
        return self._format

    @property
    def mode(self) -> str:
        """The mode that the file is stored in."""
        return self._mode

    @property
    def frames(self) -> int:
        """How many frames the file holds."""
        return self._frames

    @property
    def bytes(self) -> int:
        """The size of the file."""
        return len(self._data)

    def image(self) -> Image:
        """The whole picture."""
        return self._finish(self._decode())

    def at_least(self, width: float, height: float) -> Image:
        """The picture at a scale no smaller than this. Who asks for more pixels than a result may have is `Rejected`.

        A JPEG is decoded at 1/2, 1/4 or 1/8 by its own transform; others are averaged down by a whole factor, before
        colours are converted.
        """
        check_size(width, height, self._limits)
        shrink = self._shrink(self._as_stored(width, height))
        image = self._decode(shrink=shrink)
        exact = self._stored[0] / shrink, self._stored[1] / shrink
        if image.size != exact:  # the last row or column stands for less than a whole step
            image = image.resize((round(exact[0]), round(exact[1])), Resampling.BICUBIC, box=(0, 0, *exact))
        return self._finish(image)

    def resized(self, width: int, height: int) -> Image:
        """The picture at exactly this size. Resampled as it lies in the file: it is turned when it is small."""
        check_size(width, height, self._limits)
        wanted = self._as_stored(width, height)
        shrink = self._shrink(wanted)
        exact = self._stored[0] / shrink, self._stored[1] / shrink
        image = self._decode(shrink=shrink)
        return self._finish(image.resize(wanted, Resampling.LANCZOS, box=(0, 0, *exact)))

    def luma(self) -> Image:
        """The whole picture in `L` or `LA`. A JPEG's colours are not even decoded, unless its profile needs them."""
        if self._format == "jpeg" and self._mode == "RGB" and not (self._profile and converter(self._profile, "RGB")):
            return self._finish(self._decode(mode="L"))
        image = self.image()
        return image.convert("LA" if image.mode.endswith("A") else "L")

    def _decode(self, mode: str | None = None, shrink: int = 1) -> Image:
        """Pixels in one of `eight_bits`' modes, as they lie in the file, with the sides divided by `shrink`."""
        width, height = self._stored
        with decoding(self._format, self._data):
            picture = decoder(self._format, self._data)
            picture.draft(mode, (max(width // shrink, 1), max(height // shrink, 1)))
            picture.load()
            image = eight_bits(picture)
        return image.reduce(shrink) if shrink > 1 and image.size == self._stored else image

    def _shrink(self, wanted: tuple[float, float]) -> int:
        """The largest step of the decoder that leaves enough pixels for a good resampling to `wanted`."""
        room = min(side / max(want, 1) for side, want in zip(self._stored, wanted, strict=True))
        margins = _JPEG_MARGINS if self._format == "jpeg" else _MARGINS
        return next((step for step in margins if step * margins[step] <= room), 1)

    def _as_stored(self, width: Side, height: Side) -> tuple[Side, Side]:
        return (height, width) if self._turn in _TURNED else (width, height)

    def _finish(self, image: Image) -> Image:
        """In sRGB, upright, and with nothing of the file but pixels."""
        image = srgb(image, self._profile)
        if self._turn is not None:
            image = image.transpose(self._turn)
        image.info = {}
        return image


def opened(data: bytes, annotation: Any, limits: Limits) -> StoredPicture | Image:
    """Return the file as the op's first parameter asks for it: whole as a `PIL.Image.Image`, else as a `Picture`.

    `Rejected` when the file is not a picture that we take, or is too large.
    """
    picture = StoredPicture(data, limits)
    if not is_image(annotation):
        return picture
    image = picture.image()
    image.format = picture.format
    return image


def encoded(made: Image, source: Any, params: Mapping[str, Any], limits: Limits) -> Encoded:
    """Encode what an op made, as its parameters ask for it, else in the format of the picture that it was made of."""
    wanted = Encoding(format=params.get("format"), quality=params.get("quality"))
    source_format = source.format if isinstance(source, StoredPicture | Image) else None
    return encode(made, wanted, source_format or "png", limits)


def _orientation(header: ImageFile, data: bytes) -> int:
    """As EXIF counts it, 1 to 8; of no consequence where the EXIF data is broken."""
    if header.format == "TIFF":
        return 1  # Pillow turns these itself, and gives their size upright
    if header.format == "PNG" and "exif" not in header.info and b"eXIf" not in data:
        return 1  # without this, Pillow decodes all pixels in search of a chunk behind them
    with suppress(*FAULTS):
        return int(header.getexif().get(_ORIENTATION, 1))
    return 1

"""Picture -> bytes: the encoders and their settings. Nothing of the original is written except its pixels."""

from importlib import import_module
from io import BytesIO
from typing import Any

import msgspec
from PIL import Image

from umbel_core.contract.warnings import ResultWarning
from umbel_core.encoding import AUTO, Encoding, effective_in
from umbel_core.errors import Rejected
from umbel_core.settings import Limits, exact_megapixels
from worker.codecs import png_libvips
from worker.codecs.colour import eight_bits, srgb
from worker.codecs.memory import check_encoding
from worker.codecs.palette import MOST_COLOURS, TRANSPARENT, exactly, in_few_bits, invisibly, nearly, reduced, sparingly
from worker.codecs.settings import kind_of, settings_of
from worker.codecs.size_search import best_under, colours_curve, quality_curve

_LARGEST_SIDE = {"jpeg": 65_500, "webp": 16_383, "avif": 32_768, "gif": 65_535}
"""What an encoder takes, or what decoders take: of AVIF, more can be written than libavif reads."""
_OTHER_LARGEST_SIDE = 1_000_000
"""The most that libpng reads without being asked to."""
_STRIP = 256
_WITH_PALETTE = ("png", "gif")
FEWEST_COLOURS = 8


class Encoded(msgspec.Struct, frozen=True, kw_only=True):
    """An encoded result and its metadata."""

    data: bytes
    format: str
    content_type: str
    extension: str
    width: int
    height: int
    frames: int = 1
    warnings: tuple[ResultWarning, ...] = ()
    """What the result lacks of what the op returned."""
    chosen: dict[str, int] = {}
    """What the search for `max_bytes` chose: the quality, or the number of colours."""

    @classmethod
    def of(cls, data: bytes, name: str, size: tuple[int, int], frames: int = 1, **chosen: int) -> "Encoded":
        """Return a result in this format."""
        width, height = size
        return cls(
            data=data,
            format=name,
            content_type=f"image/{name}",
            extension="jpg" if name == "jpeg" else name,
            width=width,
            height=height,
            frames=frames,
            chosen=chosen,
        )


_PLUGINS = {
    "jpeg": "JpegImagePlugin",
    "png": "PngImagePlugin",
    "webp": "WebPImagePlugin",
    "avif": "AvifImagePlugin",
    "gif": "GifImagePlugin",
}

_INSTEAD = {"tiff": "jpeg", "bmp": "png", "heic": "jpeg", "jxl": "jpeg"}
"""Formats that are only read -> what a result is instead, without a format of its own."""
_INSTEAD_OF_CLEAR = {"tiff": "png", "heic": "png", "jxl": "png"}
"""The same for a picture that has transparency, or was made from one with a palette."""


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What a picture was made from, as far as its encoding depends on it."""

    format: str
    colours: int = 0
    """How many colours the input's palette has, two in black and white; 0 when there is none.

    If there is one, a PNG has one too, where the difference cannot be seen: it is much smaller.
    """
    held: int = 0
    """The number of bytes that other pictures take meanwhile."""
    exif: bytes = b""
    """The metadata that the result keeps."""


def encode(image: Image.Image, wanted: Encoding, made_from: Made, limits: Limits) -> Encoded:
    """Encode in the wanted format, else in that of the input, else in one that browsers show: not as TIFF or BMP.

    Transparency is kept if the format supports it, otherwise the background becomes white.
    """
    names = formats_of(image, wanted, made_from, limits)
    image = srgb(eight_bits(image), None)
    image.info = {}  # the encoders would copy comments, profiles and more from it
    if len(names) > 1 or wanted.max_bytes is not None:
        image.load()  # once for all encodings
    if len(names) == 1:
        return _Writer(image, names[0], wanted, made_from).best()
    return _smallest(image, names, wanted, made_from)


def _smallest(image: Image.Image, names: list[str], wanted: Encoding, made_from: Made) -> Encoded:
    """Encode in the format with the smallest result, without those that cannot have the picture."""
    made: dict[str, Encoded] = {}
    refusals: list[Rejected] = []
    for name in names:
        try:
            made[name] = _Writer(image, name, wanted, made_from).write()
        except Rejected as error:
            refusals.append(error)
    for name in sorted(made, key=lambda name: len(made[name].data)):
        if wanted.max_bytes is None or len(made[name].data) <= wanted.max_bytes:
            return made[name]
        try:
            return _Writer(image, name, wanted, made_from).best()
        except Rejected as error:
            refusals.append(error)
    raise refusals[-1]


def indexed_png(image: Image.Image, wanted: Encoding) -> bytes:
    """Return a PNG of a picture with a palette, whose transparent colour is in its `Image.info`."""
    out = BytesIO()
    image.save(out, "PNG", **settings_of("png", wanted, image.width * image.height, indexed=True))
    return out.getvalue()


def formats_of(image: Image.Image, wanted: Encoding, made_from: Made, limits: Limits) -> list[str]:
    """Return the formats of which the smallest result is wanted; raise `Rejected` when one cannot have the picture."""
    check_size(*image.size, limits)
    names = _candidates(image, wanted, made_from)
    for name in names:
        _check_side(image, name)
    return names


def _candidates(image: Image.Image, wanted: Encoding, made_from: Made) -> list[str]:
    """Return the formats of which the smallest result is wanted; with `auto`, those in which every parameter works."""
    if wanted.format != "auto":
        return [wanted.format or _format(image, made_from)]
    lossless = image.has_transparency_data or made_from.colours > 0
    names = [
        name for name in effective_in(msgspec.structs.asdict(wanted), AUTO) if max(image.size) <= largest_side(name)
    ]
    likely = [name for name in names if name != ("jpeg" if lossless else "png")]
    # A picture with alpha stays one, even where a parameter has an effect in JPEG alone.
    return likely or ([] if image.has_transparency_data else names) or ["png"]


class _Writer:
    """Encodes one picture in one format, once or several times."""

    def __init__(self, image: Image.Image, name: str, wanted: Encoding, made_from: Made) -> None:
        self._name, self._wanted, self._exif, self._colours = name, wanted, made_from.exif, made_from.colours
        indexed = name in _WITH_PALETTE and (wanted.palette or wanted.max_bytes is not None)
        check_encoding(image, "png palette" if indexed else kind_of(name, wanted), made_from.held)
        import_module(f"PIL.{_PLUGINS[name]}")
        self._image = _on_white(image) if name == "jpeg" and image.mode in ("LA", "RGBA") else image
        self._indexed: Image.Image | None = None
        if name == "png" and (wanted.palette or made_from.colours):
            self._indexed = _with_palette(image, wanted)

    def best(self) -> Encoded:
        """Encode as the caller asked for."""
        return self.write() if self._wanted.max_bytes is None else self._write_under(self._wanted.max_bytes)

    def write(self) -> Encoded:
        """Encode at the best quality that was asked for, however large it gets."""
        if self._name == "gif" and self._image.mode != "L":
            return self._encoded(self._bytes(self._with_colours(MOST_COLOURS)))
        return self._encoded(self._bytes(self._indexed or self._image))

    def _write_under(self, most: int) -> Encoded:
        """Encode at the best quality with which the result has at most this many bytes."""
        if self._name in _WITH_PALETTE:
            whole = self.write()
            if len(whole.data) <= most:
                return whole
            colours, data = best_under(
                most, FEWEST_COLOURS, MOST_COLOURS, lambda level: self._bytes(self._with_colours(level)), colours_curve
            )
            return self._encoded(data, colours=colours)
        highest = settings_of(self._name, self._wanted, 0)["quality"]
        quality, data = best_under(
            most, 1, highest, lambda level: self._bytes(self._image, quality=level), quality_curve(self._name)
        )
        return self._encoded(data, quality=quality)

    def _with_colours(self, colours: int) -> Image.Image:
        """Return the picture with a palette of so many colours."""
        image = self._image if self._image.mode != "L" else self._image.convert("RGB")
        if colours == MOST_COLOURS and not image.mode.endswith("A") and (indexed := exactly(image)):
            return indexed
        if self._name == "png":
            return reduced(image, colours)
        few = sparingly(image, self._colours) if self._colours and colours == MOST_COLOURS else None
        return few or nearly(image, colours)

    def _bytes(self, image: Image.Image, **chosen: Any) -> bytes:
        indexed = image.mode == "P"
        settings = settings_of(self._name, self._wanted, image.width * image.height, indexed=indexed) | chosen
        if self._name == "gif" and indexed:
            settings["transparency"] = TRANSPARENT if self._image.mode.endswith("A") else None
        if self._exif:
            settings["exif"] = self._exif
        elif data := png_libvips.encoded(image, self._name, settings):
            return data
        out = BytesIO()
        try:
            image.save(out, self._name, **settings)
        except (OSError, ValueError, TypeError, OverflowError, SystemError) as error:
            raise Rejected("result_not_encoded", f"The result cannot be written as {self._name}: {error}.") from error
        return out.getvalue()

    def _encoded(self, data: bytes, **chosen: int) -> Encoded:
        return Encoded.of(data, self._name, self._image.size, **chosen)


def _with_palette(image: Image.Image, wanted: Encoding) -> Image.Image | None:
    """Return the picture with a palette; None when it would be seen, if none was asked for, or of no use."""
    if image.mode == "L":
        return in_few_bits(image)
    return exactly(image) or (reduced(image) if wanted.palette else invisibly(image))


def _check_side(image: Image.Image, name: str) -> None:
    """Raise `Rejected` when a side of the picture is longer than the format allows."""
    if max(image.size) > largest_side(name):
        width, height = image.size
        size = f"{width} x {height} pixels; {name.upper()} has at most {largest_side(name)} on a side"
        raise Rejected("result_too_large", f"The result would be {size}. Choose another format or a smaller size.")


def check_size(width: float, height: float, limits: Limits) -> None:
    """Raise `Rejected` when a result of this size would be too large."""
    if width * height > limits.max_pixels:
        size = f"{width:.0f} x {height:.0f} pixels ({exact_megapixels(width * height)})"
        most = f"at most {exact_megapixels(limits.max_pixels)} are allowed"
        raise Rejected("result_too_large", f"The result would be {size}; {most}. Choose a smaller size.")


def largest_side(name: str) -> int:
    """Return the most pixels that a side of a picture in this format can have."""
    return _LARGEST_SIDE.get(name, _OTHER_LARGEST_SIDE)


def _format(image: Image.Image, made_from: Made) -> str:
    """Return the format of the input if it can be written, else JPEG; or the best that can have the picture's size."""
    source_format = made_from.format
    usual = source_format if source_format in _PLUGINS else _INSTEAD[source_format]
    if image.has_transparency_data or made_from.colours:
        usual = _INSTEAD_OF_CLEAR.get(source_format, usual)
    if max(image.size) <= largest_side(usual):
        return usual
    return "png" if image.has_transparency_data or max(image.size) > largest_side("jpeg") else "jpeg"


def _on_white(image: Image.Image) -> Image.Image:
    """Put the picture on white, in strips: a large picture must not be held three times."""
    width, height = image.size
    white = Image.new(image.mode[:-1], image.size, "white")
    for top in range(0, height, _STRIP):
        strip = image.crop((0, top, width, min(top + _STRIP, height)))
        white.paste(strip.convert(white.mode), (0, top), strip.getchannel("A"))
    return white

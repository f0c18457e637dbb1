"""Picture -> bytes: the encoders and their settings. Nothing of the original is written except its pixels."""

from importlib import import_module
from io import BytesIO
from typing import Any

import msgspec
from PIL import Image

from umbel_core.errors import Rejected
from umbel_core.op import Encoding
from umbel_core.settings import Limits, exact_megapixels
from worker import codecs_vips
from worker.codecs_colour import eight_bits, srgb
from worker.codecs_memory import check_encoding
from worker.codecs_palette import TRANSPARENT, exactly, invisibly, nearly

_LARGEST_SIDE = {"jpeg": 65_500, "webp": 16_383, "avif": 32_768, "gif": 65_535}
"""What an encoder takes, or what decoders take: of AVIF, more can be written than libavif reads."""
_OTHER_LARGEST_SIDE = 1_000_000
"""The most that libpng reads without being asked to."""
_STRIP = 256


class Encoded(msgspec.Struct, frozen=True, kw_only=True):
    """An encoded result and its metadata."""

    data: bytes
    format: str
    content_type: str
    extension: str
    width: int
    height: int


_PLUGINS = {
    "jpeg": "JpegImagePlugin",
    "png": "PngImagePlugin",
    "webp": "WebPImagePlugin",
    "avif": "AvifImagePlugin",
    "gif": "GifImagePlugin",
}

_INSTEAD = {"tiff": "jpeg", "bmp": "png"}
"""Formats that are only read -> what a result is instead, without a format of its own."""

_SETTINGS: dict[str, dict[str, Any]] = {
    # Optimised tables would save 3 % of the bytes for twice the time.
    "jpeg": {"quality": 85, "subsampling": "4:2:0"},
    # Level 2 takes a quarter of the default 6's time, for 9 % more bytes on photos and 12 % on drawings.
    "png": {"compress_level": 2},
    # Method 2 takes 41 % less time than the default 4, for 5 % more bytes and 0.3 dB less.
    "webp": {"quality": 80, "method": 2},
    # Speed 9 takes a seventh of the default 6's time, for 8 % more bytes. One thread: a lane has about one core.
    "avif": {"quality": 60, "speed": 9, "max_threads": 1},
}


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What a picture was made from, as far as its encoding depends on it."""

    format: str
    drawing: bool = False
    """The input had a palette. So has a PNG, where the difference cannot be seen: it is much smaller."""
    held: int = 0
    """The number of bytes that other pictures take meanwhile."""


def encode(image: Image.Image, wanted: Encoding, made_from: Made, limits: Limits) -> Encoded:
    """Encode in the wanted format, else in that of the input, else in one that browsers show: not as TIFF or BMP.

    Transparency is kept if the format supports it, otherwise the background becomes white.
    """
    width, height = image.size
    check_size(width, height, limits)
    name = wanted.format or _format(image, made_from.format)
    if max(width, height) > largest_side(name):
        size = f"{width} x {height} pixels; {name.upper()} has at most {largest_side(name)} on a side"
        raise Rejected("result_too_large", f"The result would be {size}. Choose another format or a smaller size.")
    settings = dict(_SETTINGS.get(name, {}))
    if wanted.quality is not None and "quality" in settings:
        settings["quality"] = wanted.quality
    image = srgb(eight_bits(image), None)
    check_encoding(image, name, made_from.held)
    if name == "jpeg" and image.mode in ("LA", "RGBA"):
        image = _on_white(image)
    elif name == "gif" and image.mode != "L":
        clear = image.mode.endswith("A")
        settings["transparency"] = TRANSPARENT if clear else None
        image = (None if clear else exactly(image)) or nearly(image)
    elif name == "png" and made_from.drawing and (indexed := exactly(image) or invisibly(image)):
        image, settings = indexed, {"compress_level": 6}
    return Encoded(
        data=(codecs_vips.encoded(image) if name == "png" else None) or _encoded(image, name, settings),
        format=name,
        content_type=f"image/{name}",
        extension="jpg" if name == "jpeg" else name,
        width=width,
        height=height,
    )


def _encoded(image: Image.Image, name: str, settings: dict[str, Any]) -> bytes:
    image.info = {}  # the encoders would copy comments, profiles and more from it
    import_module(f"PIL.{_PLUGINS[name]}")
    out = BytesIO()
    try:
        image.save(out, name, **settings)
    except (OSError, ValueError, TypeError, OverflowError, SystemError) as error:
        raise Rejected("result_not_encoded", f"The result cannot be written as {name}: {error}.") from error
    return out.getvalue()


def check_size(width: float, height: float, limits: Limits) -> None:
    """Raise `Rejected` when a result of this size would be too large."""
    if width * height > limits.max_pixels:
        size = f"{width:.0f} x {height:.0f} pixels ({exact_megapixels(width * height)})"
        most = f"at most {exact_megapixels(limits.max_pixels)} are allowed"
        raise Rejected("result_too_large", f"The result would be {size}; {most}. Choose a smaller size.")


def largest_side(name: str) -> int:
    """Return the most pixels that a side of a picture in this format can have."""
    return _LARGEST_SIDE.get(name, _OTHER_LARGEST_SIDE)


def _format(image: Image.Image, source_format: str) -> str:
    """Return the format of the input if it can be written, else JPEG; or the best that can have the picture's size."""
    usual = source_format if source_format in _PLUGINS else _INSTEAD[source_format]
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

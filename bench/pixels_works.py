"""What `bench.pixels` measures: each work as an op of Umbel, in libvips, and as an exact result to compare with.

bench/sharp/peer.mjs has the same works by the same names.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import msgspec
from PIL import Image, ImageFilter, ImageOps

pyvips: Any
try:
    pyvips = import_module("pyvips")
except (ImportError, OSError):  # no wheel for this machine
    pyvips = None

LANCZOS = Image.Resampling.LANCZOS
Exact = Callable[[Image.Image], Image.Image]
Vips = Callable[[bytes], Any]


class Work(msgspec.Struct, frozen=True):
    """One row of the table."""

    op: str
    params: dict[str, Any] = {}
    vips: Vips | None = None
    """Returns a `pyvips.Image`, or anything else when the op returns values."""
    exact: Exact | None = None
    """Every pixel decoded, then the op; None where no two programs agree on what is right."""
    format: str | None = None
    """The result's; None: that of the input."""


def _load(data: bytes, access: str = "sequential") -> Any:
    return pyvips.Image.new_from_buffer(data, "", access=access).autorot()


def _thumbnail(width: int, height: int, **options: Any) -> Vips:
    return lambda data: pyvips.Image.thumbnail_buffer(data, width, height=height, **options)


def _blurred(data: bytes, sigma: float) -> Any:
    return _load(data).gaussblur(sigma, min_ampl=0.02)


def _sharpened(data: bytes) -> Any:
    image = _load(data, "random")
    return (2 * image - image.gaussblur(1, min_ampl=0.02)).cast("uchar")


def _middle(data: bytes) -> Any:
    image = _load(data)
    return image.crop((image.width - 400) // 2, (image.height - 300) // 2, 400, 300)


def _padded(data: bytes) -> Any:
    image = _load(data)
    return image.embed(100, 100, image.width + 200, image.height + 200, extend="white")


def _trimmed(data: bytes) -> Any:
    image = _load(data, "random")
    return image.crop(*image.find_trim(threshold=10, line_art=True))


def _marked(data: bytes) -> Any:
    image = _load(data)
    text = pyvips.Image.text("© Umbel", width=round(image.width * 0.3), rgba=True, dpi=72)
    return image.composite2(text, "over", x=image.width - text.width, y=image.height - text.height).flatten()


def _turned(data: bytes) -> Any:
    # The usual interpolation, `bilinear`, takes less time, but makes the picture softer.
    return _load(data, "random").rotate(10, background=255, interpolate=pyvips.Interpolate.new("bicubic"))


def _described(data: bytes) -> tuple[Any, float, float]:
    image = _load(data, "random").copy_memory()
    gray = image.colourspace("b-w")
    edges = gray.conv(pyvips.Image.new_from_array([[0, 1, 0], [1, -4, 1], [0, 1, 0]]))
    return image.hist_find().write_to_memory(), gray.hist_find().hist_entropy(), edges.deviate()


def _inside(side: int) -> Exact:
    def scaled(image: Image.Image) -> Image.Image:
        image.thumbnail((side, side), LANCZOS, reducing_gap=None)
        return image

    return scaled


def _exact_blur(sigma: float) -> Exact:
    def blurred(image: Image.Image) -> Image.Image:
        if pyvips is None:
            return image.filter(ImageFilter.GaussianBlur(sigma))
        pixels = pyvips.Image.new_from_memory(image.tobytes(), *image.size, 3, "uchar")
        soft = pixels.cast("float").gaussblur(sigma, min_ampl=0.001, precision="float").rint().cast("uchar")
        return Image.frombytes("RGB", image.size, soft.write_to_memory())

    return blurred


def _cut(image: Image.Image) -> Image.Image:
    left, top = (image.width - 400) // 2, (image.height - 300) // 2
    return image.crop((left, top, left + 400, top + 300))


def _blur(sigma: float) -> Work:
    return Work("blur", {"radius": sigma}, lambda data: _blurred(data, sigma), _exact_blur(sigma))


def _convert(name: str) -> Work:
    return Work("convert", {}, _load, lambda image: image, name)


WORKS = {
    "thumbnail 256": Work("thumbnail", {}, _thumbnail(256, 256, size="down"), _inside(256)),
    "resize 200x200": Work(
        "resize",
        {"width": 200, "height": 200},
        _thumbnail(200, 200, size="force"),
        lambda image: image.resize((200, 200), LANCZOS),
    ),
    "fit 1600": Work("thumbnail", {"width": 1600, "height": 1600}, _thumbnail(1600, 1600, size="down"), _inside(1600)),
    "cover 400x400": Work(
        "resize",
        {"width": 400, "height": 400, "fit": "cover"},
        _thumbnail(400, 400, crop="centre"),
    ),
    "cover 400x400, attention": Work(
        "resize",
        {"width": 400, "height": 400, "fit": "cover", "gravity": "attention"},
        _thumbnail(400, 400, crop="attention"),
    ),
    "crop 400x300": Work("crop", {"width": 400, "height": 300}, _middle, _cut),
    "grayscale": Work("grayscale", {}, lambda data: _load(data).colourspace("b-w")),
    "blur 2": _blur(2),
    "blur 4": _blur(4),
    "blur 16": _blur(16),
    "sharpen": Work("sharpen", {}, _sharpened),
    "rotate90": Work(
        "rotate90",
        {},
        lambda data: _load(data, "random").rot90(),
        lambda image: image.transpose(Image.Transpose.ROTATE_270),
    ),
    "rotate 10": Work("rotate", {"angle": 10, "background": "white"}, _turned),
    "flip": Work(
        "flip", {}, lambda data: _load(data).fliphor(), lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    ),
    "trim": Work("trim", {}, _trimmed),
    "pad 100": Work(
        "pad",
        {"top": 100, "right": 100, "bottom": 100, "left": 100, "background": "white"},
        _padded,
        lambda image: ImageOps.expand(image, 100, "white"),
    ),
    "watermark": Work("watermark", {"text": "© Umbel", "opacity": 1}, _marked),
    "to JPEG": _convert("jpeg"),
    "to PNG": _convert("png"),
    "to WebP": _convert("webp"),
    "to AVIF": _convert("avif"),
    "describe": Work("describe", {}, _described),
    "placeholder": Work("placeholder"),
    "info": Work("info"),
}

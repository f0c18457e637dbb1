"""One scene, saved in every format, mode and unusual encoding that an uploaded picture may have.

It has four quadrants in different colours and is wider than high, so that a test notices a picture that is rotated,
mirrored, inverted or wrongly coloured.
"""

import struct
import zlib
from collections.abc import Callable
from functools import cache
from io import BytesIO
from typing import Any, NamedTuple

from PIL import Image, ImageCms, PngImagePlugin
from PIL.Image import Transpose

from tests.pictures import profiles

WIDTH, HEIGHT = 48, 32
RED, GREEN, BLUE, LIGHT = (220, 30, 40), (30, 180, 60), (40, 60, 200), (235, 232, 225)
INKS: list[tuple[int, ...]] = [(0, 255, 255, 0), (255, 0, 255, 0), (255, 255, 0, 0), (0, 0, 0, 0)]
PRINTED: list[tuple[int, ...]] = [(230, 5, 15), (0, 145, 55), (40, 20, 120), (255, 255, 255)]
"""Full inks on full inks, and as a press on coated paper prints them."""

ORIENTATION, GPS = 0x0112, 0x8825
TURNED_BACK = {
    1: None,
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_90,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_270,
}


class Stored(NamedTuple):
    """A file, and the picture that a person sees in it."""

    data: bytes
    seen: Image.Image


def scene() -> Image.Image:
    """Return the scene: red and green above blue and light."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), LIGHT)
    picture.paste(RED, (0, 0, WIDTH // 2, HEIGHT // 2))
    picture.paste(GREEN, (WIDTH // 2, 0, WIDTH, HEIGHT // 2))
    picture.paste(BLUE, (0, HEIGHT // 2, WIDTH // 2, HEIGHT))
    return picture


def _quadrants(mode: str, colours: list[tuple[int, ...]]) -> Image.Image:
    picture = Image.new(mode, (2, 2))
    picture.putdata(colours)
    return picture.resize((WIDTH, HEIGHT), Image.Resampling.NEAREST)


def with_hole() -> Image.Image:
    """Return the scene with a transparent quadrant in place of the light one."""
    picture = scene().convert("RGBA")
    picture.paste((*LIGHT, 0), (WIDTH // 2, HEIGHT // 2, WIDTH, HEIGHT))
    return picture


def saved(picture: Image.Image, kind: str, **settings: Any) -> bytes:
    """Encode the picture as a file."""
    out = BytesIO()
    picture.save(out, kind, **settings)
    return out.getvalue()


def private(orientation: int = 1) -> Image.Exif:
    """Return EXIF with a description and GPS coordinates, which no variant may contain."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[0x010E] = "a secret description"
    exif.get_ifd(GPS).update({1: "N", 2: (48.0, 51.0, 29.9), 3: "E", 4: (2.0, 17.0, 40.2)})
    return exif


def png(colour: int, depth: int, rows: bytes, *, before: bytes = b"", after: bytes = b"", size: Any = None) -> bytes:
    """Write a PNG chunk by chunk, for the kinds that Pillow does not write."""
    width, height = size or (WIDTH, HEIGHT)
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return start + before + chunk(b"IDAT", zlib.compress(rows)) + after + chunk(b"IEND", b"")


def chunk(name: bytes, content: bytes) -> bytes:
    """Encode one chunk of a PNG."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _deep(picture: Image.Image) -> bytes:
    """Return the rows of a PNG with 16 bits per channel."""
    wide = bytes(byte for value in picture.tobytes() for byte in (value, value))
    stride = len(wide) // picture.height
    return b"".join(b"\0" + wide[at : at + stride] for at in range(0, len(wide), stride))


def _many_bits(mode: str, factor: float) -> Image.Image:
    return scene().convert("L").convert("F").point(lambda value: value * factor + 0).convert(mode)


def _deep_gray(mode: str = "I;16") -> Image.Image:
    gray = scene().convert("L").tobytes()
    order = ">" if mode.endswith("B") else "<"
    return Image.frombytes(mode, (WIDTH, HEIGHT), struct.pack(f"{order}{len(gray)}H", *(257 * value for value in gray)))


def _profiled(profile: bytes) -> Image.Image:
    source, target = ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(BytesIO(profile))
    converted = ImageCms.profileToProfile(scene(), source, target)
    assert converted is not None
    return converted


def _comment(text: str) -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", text)
    info.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta>secret</x:xmpmeta>")
    return info


def _files() -> dict[str, tuple[Image.Image, Callable[[], bytes]]]:
    colour, gray, clear = scene(), scene().convert("L"), with_hole()
    clear_gray = clear.convert("LA")
    inks, printed = _quadrants("CMYK", INKS), _quadrants("RGB", PRINTED)
    bits = gray.point(lambda value: 255 * (value > 128)).convert("1")
    few = colour.quantize(8)
    few_light = few.tobytes()[-1]
    light = max(gray.tobytes())
    stretched = gray.point(lambda value: round(value * 255 / light))
    files: dict[str, tuple[Image.Image, Callable[[], bytes]]] = {
        "jpeg": (colour, lambda: saved(colour, "JPEG", quality=95)),
        "jpeg-gray": (gray, lambda: saved(gray, "JPEG")),
        "jpeg-progressive": (colour, lambda: saved(colour, "JPEG", progressive=True)),
        "jpeg-stored-as-rgb": (colour, lambda: saved(colour, "JPEG", keep_rgb=True, quality=95)),
        "jpeg-cmyk": (printed, lambda: saved(inks, "JPEG", quality=95)),
        "jpeg-comment": (colour, lambda: saved(colour, "JPEG", comment=b"<script>secret</script>", quality=95)),
        "jpeg-wide-gamut": (colour, lambda: _wide("JPEG", profiles.DISPLAY_P3, quality=98)),
        "jpeg-adobe-rgb": (colour, lambda: _wide("JPEG", profiles.ADOBE_RGB, quality=98)),
        "jpeg-srgb-by-another-name": (
            colour,
            lambda: saved(colour, "JPEG", icc_profile=profiles.PLAIN_SRGB, quality=95),
        ),
        "jpeg-broken-profile": (colour, lambda: saved(colour, "JPEG", icc_profile=b"secret" * 50, quality=95)),
        "jpeg-with-preview": (colour, lambda: saved(colour, "MPO", save_all=True, append_images=[gray], quality=95)),
        "png": (colour, lambda: saved(colour, "PNG", pnginfo=_comment("secret"), exif=private())),
        "png-bits": (bits, lambda: saved(bits, "PNG")),
        "png-gray": (gray, lambda: saved(gray, "PNG")),
        "png-gray-clear": (clear_gray, lambda: saved(clear_gray, "PNG")),
        "png-gray-key": (clear_gray, lambda: saved(gray, "PNG", transparency=light)),
        "png-gray-16": (gray, lambda: saved(_deep_gray(), "PNG")),
        "png-gray-16-key": (clear_gray, lambda: png(0, 16, _deep(gray), before=chunk(b"tRNS", bytes([light, light])))),
        "png-palette": (colour, lambda: saved(few, "PNG")),
        "png-palette-clear": (clear, lambda: saved(few, "PNG", transparency=few_light)),
        "png-palette-alphas": (clear, lambda: saved(clear.quantize(8), "PNG")),
        "png-clear": (clear, lambda: saved(clear, "PNG")),
        "png-key": (clear, lambda: saved(colour, "PNG", transparency=LIGHT)),
        "png-16": (colour, lambda: png(2, 16, _deep(colour))),
        "png-clear-16": (clear, lambda: png(6, 16, _deep(clear))),
        "png-wide-gamut": (colour, lambda: _wide("PNG", profiles.DISPLAY_P3)),
        "png-animated": (colour, lambda: saved(colour, "PNG", save_all=True, append_images=[scene().rotate(180)])),
        "png-exif-6-behind-the-pixels": (colour, _late_exif),
        "webp": (colour, lambda: saved(colour, "WEBP", quality=95, exif=private(), xmp=b"secret")),
        "webp-clear": (clear, lambda: saved(clear, "WEBP", lossless=True)),
        "webp-gray": (gray, lambda: saved(gray, "WEBP", lossless=True)),
        "webp-animated": (colour, lambda: saved(colour, "WEBP", save_all=True, append_images=[gray], lossless=True)),
        "avif": (colour, lambda: saved(colour, "AVIF", quality=95, xmp=b"secret")),
        "avif-clear": (clear, lambda: saved(clear, "AVIF", quality=95)),
        "avif-gray": (gray, lambda: saved(gray, "AVIF", quality=95)),
        "avif-animated": (colour, lambda: saved(colour, "AVIF", save_all=True, append_images=[gray], quality=95)),
        "gif": (colour, lambda: saved(few, "GIF", comment=b"secret")),
        "gif-gray": (gray, lambda: saved(gray, "GIF")),
        "gif-clear": (clear, lambda: saved(few, "GIF", transparency=few_light)),
        "gif-animated": (colour, lambda: saved(few, "GIF", save_all=True, append_images=[few.rotate(180)] * 4)),
        "gif-that-is-a-script": (colour, lambda: saved(few, "GIF") + b"/*<script>secret</script>*/"),
        "tiff": (colour, lambda: saved(colour, "TIFF", description="secret")),
        "tiff-lzw": (colour, lambda: saved(colour, "TIFF", compression="tiff_lzw")),
        "tiff-jpeg": (colour, lambda: saved(colour, "TIFF", compression="jpeg", quality=95)),
        "tiff-fax": (bits, lambda: saved(bits, "TIFF", compression="group4")),
        "tiff-gray": (gray, lambda: saved(gray, "TIFF")),
        "tiff-gray-16": (gray, lambda: saved(_deep_gray(), "TIFF")),
        "tiff-gray-16-big": (gray, lambda: saved(_deep_gray("I;16B"), "TIFF")),
        "tiff-gray-32": (gray, lambda: saved(_many_bits("I", 257), "TIFF")),
        "tiff-gray-32-full": (stretched, lambda: saved(_many_bits("I", 2**31 / 256), "TIFF")),
        "tiff-gray-float": (gray, lambda: saved(_many_bits("F", 1 / 255), "TIFF")),
        "tiff-gray-float-255": (gray, lambda: saved(_many_bits("F", 1), "TIFF")),
        "tiff-palette": (colour, lambda: saved(few, "TIFF")),
        "tiff-clear": (clear, lambda: saved(clear, "TIFF")),
        "tiff-cmyk": (printed, lambda: saved(inks, "TIFF")),
        "tiff-lab": (colour, lambda: saved(_lab(), "TIFF")),
        "tiff-pages": (colour, lambda: saved(colour, "TIFF", save_all=True, append_images=[gray, gray])),
        "bmp": (colour, lambda: saved(colour, "BMP")),
        "bmp-bits": (bits, lambda: saved(bits, "BMP")),
        "bmp-gray": (gray, lambda: saved(gray, "BMP")),
        "bmp-palette": (colour, lambda: saved(few, "BMP")),
    }
    for kind in ("JPEG", "PNG", "WEBP", "AVIF", "TIFF"):
        for orientation, turn in TURNED_BACK.items():
            stored = colour if turn is None else colour.transpose(turn)
            file = saved(stored, kind, exif=private(orientation))
            files[f"{kind.lower()}-exif-{orientation}"] = (colour, lambda file=file: file)  # type: ignore[misc]
    return files


def _wide(kind: str, profile: bytes, **settings: Any) -> bytes:
    return saved(_profiled(profile), kind, icc_profile=profile, **settings)


def _lab() -> Image.Image:
    transform = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    lab = ImageCms.applyTransform(scene(), transform)
    assert lab is not None
    return lab


def _late_exif() -> bytes:
    turned = scene().transpose(Transpose.ROTATE_90)
    rows = b"".join(b"\0" + turned.crop((0, y, turned.width, y + 1)).tobytes() for y in range(turned.height))
    return png(2, 8, rows, after=chunk(b"eXIf", private(6).tobytes()[6:]), size=turned.size)


@cache
def stored() -> dict[str, Stored]:
    """Return name -> file, where the name starts with the format."""
    return {name: Stored(make(), seen) for name, (seen, make) in _files().items()}

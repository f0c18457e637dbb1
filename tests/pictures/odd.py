"""The scene in files as phones, scanners, cameras and old programs make them, which a strict decoder gets wrong."""

import struct
import zlib
from collections.abc import Callable
from functools import cache
from io import BytesIO

from PIL import Image

from tests.pictures import odd_heic, odd_jxl, profiles
from tests.pictures.odd_avif import aperture, space, turned, with_properties
from tests.pictures.odd_heic import aperture_of, coded, heic
from tests.pictures.odd_jpeg import lossless
from tests.pictures.odd_jxl import in_boxes, jxl
from tests.pictures.odd_tiff import preview_first
from tests.pictures.scene import (
    HEIGHT,
    LIGHT,
    WIDTH,
    Stored,
    chunk,
    png,
    private,
    saved,
    scene,
    stored,
    with_hole,
)

P3_CHUNK = chunk(b"cHRM", struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000))
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'


@cache
def files() -> dict[str, Stored]:
    """Return every file of the scene, the usual ones and the odd ones."""
    return stored() | odd()


@cache
def odd() -> dict[str, Stored]:
    """Return name -> file, where the name starts with the format."""
    return {name: Stored(make(), seen) for name, (seen, make) in _files().items()}


def _files() -> dict[str, tuple[Image.Image, Callable[[], bytes]]]:
    colour, gray = scene(), scene().convert("L")
    return {
        "jpeg-with-film": (colour, lambda: _photo() + b"\0\0\0\x18ftypmp42" + b"\xff\xda\0\x08\x01\x01" * 500),
        "jpeg-progressive-with-film": (colour, lambda: _photo(progressive=True) + b"\xff\xda" * 500),
        "jpeg-restarts-with-film": (colour, lambda: _photo(restart_marker_blocks=1) + b"\xff\xda" * 500),
        "jpeg-scans-in-comment": (colour, lambda: _photo(comment=b"\xff\xda" * 500)),
        "jpeg-lossless": (colour, lambda: lossless(colour)),
        "jpeg-xmp-6": (colour, lambda: _photo(xmp=XMP)),
        "webp-xmp-6": (colour, lambda: saved(colour, "WEBP", quality=95, xmp=XMP)),
        "png-xmp-6": (colour, lambda: _with_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)),
        "png-wrong-checksum-of-text": (colour, lambda: _with_chunk(b"tEXt", b"a\0secret", checksum=False)),
        "png-wrong-checksum-of-size": (colour, lambda: _with_chunk(b"pHYs", bytes(9), checksum=False)),
        "png-wrong-checksum-of-profile": (
            colour,
            lambda: _with_chunk(b"iCCP", b"a\0\0" + zlib.compress(profiles.DISPLAY_P3), checksum=False),
        ),
        "png-wrong-checksum-of-key": (colour, lambda: _with_chunk(b"tRNS", _key(LIGHT), checksum=False)),
        "png-text-of-2-mb": (colour, lambda: _with_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2_200_000)))),
        "png-chunk-of-no-known-name": (colour, lambda: _with_chunk(b"abCd", b"secret")),
        "png-gray-2-key": _few_grays(2),
        "png-gray-4-key": _few_grays(4),
        "png-16-key": (with_hole(), _deep_key),
        "tiff-preview-first": (colour, lambda: preview_first(colour)),
        "gif-of-20000-frames": (colour, lambda: _many_frames(saved(colour.quantize(8), "GIF"))),
        "tiff-of-60-pages": (colour, lambda: saved(colour, "TIFF", save_all=True, append_images=[colour] * 59)),
        "png-wide-gamut-clear": (with_hole(), _wide_clear),
        "png-cicp-p3": (colour, lambda: _with_chunk(b"cICP", bytes([12, 13, 0, 1]), _wide())),
        "png-cicp-before-profile": (colour, _two_spaces),
        "png-gamma-of-linear-light": (colour, lambda: _with_chunk(b"gAMA", _gamma(100_000), _linear(colour))),
        "png-usual-gamma": (colour, lambda: _with_chunk(b"gAMA", _gamma(45_455))),
        "png-primaries": (colour, lambda: _with_chunk(b"gAMA", _gamma(45_455), _wide(), P3_CHUNK)),
        "png-srgb-before-gamma": (colour, lambda: _with_chunk(b"gAMA", _gamma(100_000), more=chunk(b"sRGB", b"\0"))),
        "png-gamma-of-gray": (gray, lambda: png(0, 8, _rows(_linear(gray)), before=chunk(b"gAMA", _gamma(100_000)))),
        "png-gamma-of-nonsense": (colour, lambda: _with_chunk(b"gAMA", _gamma(0))),
        "avif-nclx-p3": (colour, lambda: with_properties(_wide(), space(12, 13))),
        "avif-nclx-srgb": (colour, lambda: with_properties(colour, space(1, 13))),
        "avif-nclx-hdr": (colour, lambda: with_properties(colour, space(9, 16))),
        "avif-clean-aperture": (colour, _framed),
        "heic": (colour, lambda: odd_heic.stored("colour")),
        "heic-clear": (with_hole(), lambda: odd_heic.stored("clear")),
        "heic-gray": (gray, lambda: odd_heic.stored("gray")),
        "heic-10-bits": (colour, lambda: odd_heic.stored("deep")),
        "heic-wide-gamut": (colour, lambda: _heic("wide", odd_heic.profile(profiles.DISPLAY_P3))),
        "heic-nclx-p3": (colour, lambda: _heic("wide", space(12, 13))),
        "heic-of-tiles": (colour, _one_tile),
        "heic-turned-and-exif-6": (colour, lambda: _heic("lying", turned(3), exif=private(6).tobytes())),
        "heic-exif-6-that-does-not-count": (colour, lambda: _heic("colour", exif=private(6).tobytes())),
        "jxl": (colour, lambda: jxl(colour, lossless=False, quality=95)),
        "jxl-lossless": (colour, lambda: jxl(colour)),
        "jxl-clear": (with_hole(), lambda: jxl(with_hole())),
        "jxl-gray": (gray, lambda: jxl(gray)),
        "jxl-gray-clear": (with_hole().convert("LA"), lambda: jxl(with_hole().convert("LA"))),
        "jxl-in-boxes": (colour, lambda: in_boxes(jxl(colour), odd_jxl.exif(private(6).tobytes()))),
        "bmp-with-alpha": (with_hole(), lambda: _bmp(with_hole())),
        "bmp-with-no-alpha-at-all": (colour, lambda: _bmp(_clear(colour))),
    }


def _heic(name: str, *properties: bytes, exif: bytes = b"") -> bytes:
    """Return a HEIC of a coded picture with these properties after the cut to its size."""
    items = [coded(name, aperture_of(name), *properties)]
    references = odd_heic.reference(b"cdsc", 2, 1) if exif else b""
    return heic(*items, *([odd_heic.exif(exif)] if exif else []), references=references)


def _one_tile() -> bytes:
    return heic(odd_heic.grid(1, WIDTH, HEIGHT), coded("colour"), references=odd_heic.reference(b"dimg", 1, 2))


def _with_chunk(
    name: bytes, content: bytes, picture: Image.Image | None = None, more: bytes = b"", *, checksum: bool = True
) -> bytes:
    """Return the scene, or another picture, as a PNG with chunks before its pixels."""
    extra = chunk(name, content)
    extra = extra if checksum else extra[:-1] + bytes([extra[-1] ^ 1])
    return png(2, 8, _rows(picture or scene()), before=extra + more)


def _wide() -> Image.Image:
    """Return the scene's numbers in Display P3."""
    return Image.open(BytesIO(stored()["png-wide-gamut"].data)).convert("RGB")


def _linear(picture: Image.Image) -> Image.Image:
    """Return the numbers of the light itself."""
    return picture.point([round(255 * _light(value / 255)) for value in range(256)] * len(picture.getbands()))


def _light(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _gamma(value: int) -> bytes:
    return struct.pack(">I", value)


def _two_spaces() -> bytes:
    adobe = chunk(b"iCCP", b"a\0\0" + zlib.compress(profiles.ADOBE_RGB))
    return _with_chunk(b"cICP", bytes([12, 13, 0, 1]), _wide(), adobe)


def _rows(picture: Image.Image) -> bytes:
    stride = len(picture.tobytes()) // picture.height
    return b"".join(b"\0" + picture.tobytes()[at : at + stride] for at in range(0, stride * picture.height, stride))


def _few_grays(bits: int) -> tuple[Image.Image, Callable[[], bytes]]:
    """Return the quadrants in four grays of so many bits, of which the second is the transparent one."""
    levels = [0, 1, 2, (1 << bits) - 1]
    quadrants = Image.new("L", (2, 2))
    quadrants.putdata(levels)
    packed = quadrants.resize((WIDTH, HEIGHT), Image.Resampling.NEAREST)
    shown = packed.point(lambda level: level * 255 // ((1 << bits) - 1)).convert("LA")
    shown.putalpha(packed.point(lambda level: 255 * (level != 1)))
    per_byte = 8 // bits
    rows = b""
    for top in range(HEIGHT):
        row = packed.crop((0, top, WIDTH, top + 1)).tobytes()
        groups = (row[at : at + per_byte] for at in range(0, WIDTH, per_byte))
        rows += b"\0" + bytes(sum(level << 8 - bits * (n + 1) for n, level in enumerate(group)) for group in groups)
    return shown, lambda: png(0, bits, rows, before=chunk(b"tRNS", b"\0\1"))


def _deep_key() -> bytes:
    deep = b"".join(b"\0" + bytes(b for v in row for b in (v, 7)) for row in _each_row(scene()))
    return png(2, 16, deep, before=chunk(b"tRNS", bytes(b for value in LIGHT for b in (value, 7))))


def _each_row(picture: Image.Image) -> list[bytes]:
    return [picture.crop((0, top, picture.width, top + 1)).tobytes() for top in range(picture.height)]


def _bmp(picture: Image.Image) -> bytes:
    """Return a BMP of version 5, which has an alpha, from the bottom row to the top."""
    rows = b"".join(reversed(_each_row(Image.merge("RGBA", [picture.getchannel(band) for band in "BGRA"]))))
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    header = struct.pack("<IiiHHIIiiII4I", 124, WIDTH, HEIGHT, 1, 32, 3, len(rows), 2835, 2835, 0, 0, *masks)
    header += b"BGRs" + bytes(124 - len(header) - 4)
    return b"BM" + struct.pack("<IHHI", 14 + 124 + len(rows), 0, 0, 14 + 124) + header + rows


def _clear(picture: Image.Image) -> Image.Image:
    clear = picture.convert("RGBA")
    clear.putalpha(0)
    return clear


def _wide_clear() -> bytes:
    wide = Image.open(BytesIO(stored()["png-wide-gamut"].data)).convert("RGBA")
    wide.putalpha(with_hole().getchannel("A"))
    return saved(wide, "PNG", icc_profile=profiles.DISPLAY_P3)


def _framed() -> bytes:
    larger = Image.new("RGB", (WIDTH + 8, HEIGHT + 8), "magenta")
    larger.paste(scene(), (4, 4))
    return with_properties(larger, aperture((WIDTH, 1), (HEIGHT, 1), (0, 1), (0, 1)))


def _many_frames(gif: bytes) -> bytes:
    """Repeat a GIF's frame; the coded pixels have no end of file, `;`, in them by chance."""
    frame = gif[gif.rindex(b"," + bytes(4)) : -1]
    return gif[:-1] + frame * 20_000 + b";"


def _key(colour: tuple[int, int, int]) -> bytes:
    return struct.pack(">3H", *colour)


def _photo(**settings: object) -> bytes:
    return saved(scene(), "JPEG", quality=95, **settings)

"""Files that every op must refuse, each with the code of the error."""

import gzip
import struct
import zlib
from functools import cache
from typing import NamedTuple

from PIL import Image

from tests.pictures import odd_heic
from tests.pictures.damage import cut_jpegs, damaged_jpegs, detailed
from tests.pictures.odd_jpeg import twelve_bits
from tests.pictures.odd_jxl import in_boxes, jxl
from tests.pictures.odd_tiff import raws, tiff_of_pixels
from tests.pictures.scene import chunk, png, saved, scene, stored

_SIDE = 20_000


class Bad(NamedTuple):
    """A file and the code of the error."""

    data: bytes
    code: str


_SVG = b'<?xml version="1.0"?>\n<!-- a drawing -->\n<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@cache
def bad() -> dict[str, Bad]:
    """Return name -> file, where the name says what is wrong with the file."""
    half = {kind: _half(stored()[kind].data) for kind in ("jpeg", "png", "webp", "avif", "gif", "tiff-lzw", "bmp")}
    half |= {"heic": _half(odd_heic.stored("colour")), "jxl": _half(in_boxes(jxl(scene())))}
    files = {f"half a {kind}": Bad(data, "truncated_picture") for kind, data in half.items()}
    files |= {name: Bad(data, "truncated_picture") for name, data in (cut_jpegs() | _cut_with_an_end()).items()}
    files["half a webp with its own size"] = Bad(_half_a_webp(), "broken_picture")
    for name, data in _bombs().items():
        files[f"bomb {name}"] = Bad(data, "too_many_pixels")
    for name, data in _damaged().items():
        files[f"damaged {name}"] = Bad(data, "broken_picture")
    for name, data in _strangers().items():
        files[f"stranger {name}"] = Bad(data, "unsupported_format")
    files |= {
        "nothing": Bad(b"", "empty_file"),
        "text named .png": Bad(b"This is no picture.\n" * 40, "not_a_picture"),
        "a web page": Bad(b"<!doctype html><html><body>hello</body></html>", "not_a_picture"),
        "zeros": Bad(bytes(10_000), "not_a_picture"),
        "one byte": Bad(b"\x89", "not_a_picture"),
        "svg": Bad(_SVG, "svg_refused"),
        "svgz": Bad(gzip.compress(_SVG), "svg_refused"),
        "svg in UTF-16": Bad(_SVG.decode().encode("utf-16"), "svg_refused"),
    }
    return files


def endless_scans(scans: int) -> bytes:
    """Return a progressive JPEG that repeats its last scan."""
    whole = saved(scene(), "JPEG", progressive=True)
    last = whole.rindex(b"\xff\xda")
    return whole[:-2] + whole[last:-2] * scans + b"\xff\xd9"


def _half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _cut_with_an_end() -> dict[str, bytes]:
    """Return halves of pictures that end as whole ones do."""
    png, gif = saved(detailed(), "PNG"), saved(detailed().convert("L"), "GIF")
    bmp = bytearray(_half(saved(detailed(), "BMP")))
    bmp[2:6] = struct.pack("<I", len(bmp))
    return {
        "half a png with an end": _half(png) + chunk(b"IEND", b""),
        "half the pixels of a png": png[:33] + chunk(b"IDAT", png[41 : len(png) // 2]) + chunk(b"IEND", b""),
        "half a gif with an end": _half(gif) + b"\0;",
        "half a bmp with its own size": bytes(bmp),
    }


def _half_a_webp() -> bytes:
    webp = bytearray(_half(saved(detailed(), "WEBP")))
    webp[4:8], webp[16:20] = struct.pack("<I", len(webp) - 8), struct.pack("<I", len(webp) - 20)
    return bytes(webp)


def _patched(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def _bombs() -> dict[str, bytes]:
    tiny = Image.new("RGB", (1, 1))
    webp, avif = saved(tiny, "WEBP", lossless=True), saved(tiny, "AVIF")
    bmp, tiff, jpeg = (saved(tiny, kind) for kind in ("BMP", "TIFF", "JPEG"))
    gif = saved(Image.new("P", (1, 1)), "GIF")
    rows = zlib.compressobj(1)
    pixels = b"".join(rows.compress(bytes(1 + _SIDE // 8)) for _ in range(_SIDE)) + rows.flush()
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 1, 0, 0, 0, 0)
    real = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    both = struct.pack("<HH", _SIDE, _SIDE)
    return {
        "png": real,
        "png header": png(2, 8, b"\0" * 100, size=(_SIDE, _SIDE)),
        "gif": _patched(gif, 6, both),
        "gif of a large frame": _patched(gif, gif.rindex(b"," + bytes(4)) + 5, both),
        "bmp": _patched(bmp, 18, struct.pack("<ii", _SIDE, _SIDE)),
        "jpeg": _patched(jpeg, jpeg.index(b"\xff\xc0") + 5, struct.pack(">HH", _SIDE, _SIDE)),
        "webp of the largest size": _patched(webp, 21, struct.pack("<I", 16_382 | 16_382 << 14)),
        "avif": _patched(avif, avif.index(b"ispe") + 8, struct.pack(">II", 16_000, 16_000)),
        "tiff": _tiff_of(tiff, _SIDE),
    }


def _tiff_of(tiff: bytes, side: int) -> bytes:
    """Return a TIFF of one pixel whose directory declares a larger side."""
    directory = struct.unpack("<I", tiff[4:8])[0]
    for entry in range(directory + 2, directory + 2 + 12 * struct.unpack("<H", tiff[directory : directory + 2])[0], 12):
        if struct.unpack("<H", tiff[entry : entry + 2])[0] in (256, 257):
            tiff = _patched(tiff, entry + 8, struct.pack("<I", side))
    return tiff


def _damaged() -> dict[str, bytes]:
    whole = stored()["png"].data
    at = whole.index(b"IDAT") + 10
    webp, jpeg = stored()["webp"].data, stored()["jpeg"].data
    return {
        "png": _patched(whole, at, bytes(40)),
        "png with a wrong checksum of its pixels": _patched(whole, whole.index(b"IEND") - 5, b"\0"),
        "png with a wrong checksum of its header": _patched(whole, 29, b"\0\0\0\0"),
        "png of endless chunks": whole[:33] + chunk(b"tEXt", b"") * 250_000 + whole[33:],
        "png header": _patched(whole, 24, b"\x63"),
        "jpeg": jpeg[:20] + bytes(200) + jpeg[220:],
        "webp": _patched(webp, webp.index(b"VP8 ") + 20, b"\xff" * 60),
        "jpeg of endless scans": endless_scans(200),
        **damaged_jpegs(),
    }


def _strangers() -> dict[str, bytes]:
    return {
        "ico": saved(scene(), "ICO"),
        "jpeg 2000": saved(scene(), "JPEG2000"),
        "ppm": saved(scene(), "PPM"),
        "pdf": saved(scene(), "PDF"),
        "dds": saved(scene(), "DDS"),
        "jpeg of 12 bits": twelve_bits(),
        **raws(),
        "tiff of floating point colours": tiff_of_pixels(2, [32] * 3, floats=True),
        "tiff of inks and alpha": tiff_of_pixels(5, [8] * 5),
        "psd": b"8BPS\0\x01" + bytes(200),
        "heif with H.264": odd_heic.stored("colour").replace(b"hvc1", b"avc1"),
    }

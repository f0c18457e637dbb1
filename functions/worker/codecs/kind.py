"""Bytes -> format: the first bytes decide it; the file's name and declared type are ignored."""

import zlib
from importlib import import_module

from PIL import Image

from umbel_core.errors import Rejected
from worker.codecs.boxes import brands, is_heic, is_jxl

_PLUGINS = {
    "jpeg": "worker.codecs.jpeg_decoder",
    "png": "PIL.PngImagePlugin",
    "webp": "PIL.WebPImagePlugin",
    "gif": "PIL.GifImagePlugin",
    "avif": "PIL.AvifImagePlugin",
    "tiff": "PIL.TiffImagePlugin",
    "bmp": "PIL.BmpImagePlugin",
}
"""Imported one by one, the most common first, until one accepts the file: importing all would double a cold start."""

_OPTIONAL = {"heic": "worker.codecs.heic", "jxl": "worker.codecs.jxl"}
"""Their libraries may be missing: the setting `leave_out_formats` keeps them out of the layer."""

_NAMES = {"webp": "WebP", "jxl": "JPEG XL"}
"""How a format is written, where it is not its name in capitals."""

_UNSUPPORTED = {
    b"8BPS": "Photoshop",
    b"\0\0\1\0": "icon (ICO)",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"icns": "icon (ICNS)",
    b"DDS ": "DDS",
    b"qoif": "QOI",
    b"gimp xcf": "GIMP",
    b"\x76\x2f\x31\x01": "OpenEXR",
    b"%PDF": "PDF",
    b"%!PS": "PostScript",
    b"FUJIFILMCCD-RAW": "camera raw (RAF)",
    b"IIRO": "camera raw (ORF)",
    b"IIRS": "camera raw (ORF)",
    b"MMOR": "camera raw (ORF)",
    b"IIU\0": "camera raw (RW2)",
    b"FOVb": "camera raw (X3F)",
    b"\0MRM": "camera raw (MRW)",
    b"II\x1a\0\0\0HEAPCCDR": "camera raw (CRW)",
    **{b"P%d" % kind: "PNM" for kind in range(1, 8)},
}


def kind_of(data: bytes) -> str:
    """Return the format of a file, and have its decoder imported; raise `Rejected` when there is none for it."""
    optional = "heic" if is_heic(data) else "jxl" if is_jxl(data) else None
    if optional:
        _import_optional(optional)
        return optional
    for kind, plugin in _PLUGINS.items():
        import_module(plugin)
        _, accepts = Image.OPEN[kind.upper()]
        if accepts and accepts(data[:16]) is True:
            return kind
    raise _no_picture(data)


def written(kind: str) -> str:
    """Return the name of a format as sentences have it."""
    return _NAMES.get(kind, kind.upper())


def _import_optional(kind: str) -> None:
    try:
        import_module(_OPTIONAL[kind])
    except ModuleNotFoundError as error:
        sentence = f"This deployment does not take {written(kind)} files. {_supported(without=kind)}"
        raise Rejected("unsupported_format", sentence) from error


def _no_picture(data: bytes) -> Rejected:
    name = next((name for magic, name in _UNSUPPORTED.items() if data.startswith(magic)), None)
    if name or b"crx " in brands(data):
        return Rejected("unsupported_format", f"{name or 'Camera raw (CR3)'} files are not supported. {_supported()}")
    if _is_svg(data):
        return Rejected("svg_refused", f"SVG is not taken, because it can carry scripts. {_supported()}")
    return Rejected("not_a_picture", f"The file is not a picture, even if its name says so. {_supported()}")


def _supported(without: str = "") -> str:
    kinds = [written(kind) for kind in (*_PLUGINS, *_OPTIONAL) if kind != without]
    return f"Supported formats are {', '.join(kinds[:-1])} and {kinds[-1]}."


def _is_svg(data: bytes) -> bool:
    head = data[:4096]
    if head.startswith(b"\x1f\x8b"):
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, 4096)
        except zlib.error:
            return False
    return b"<svg" in head.replace(b"\0", b"").lower()

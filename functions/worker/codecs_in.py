"""Bytes -> decoder: identify a file's format, check the limits, and explain why a file cannot be decoded.

The decoder decides the format; the file's name and declared type are ignored. All limits are checked on the header,
before any pixel is decoded.
"""

import os
import struct
import sys
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from io import BytesIO

import msgspec
from PIL import Image
from PIL.ImageFile import ImageFile

from umbel_core.contract.warnings import ResultWarning
from umbel_core.errors import Rejected
from umbel_core.settings import Limits, exact_megapixels, megabytes
from worker import codecs_animation, codecs_avif, codecs_png, codecs_space, codecs_tiff
from worker.codecs_frames import Motion
from worker.codecs_jpeg import frame, has_more_scans
from worker.codecs_memory import most_pixels

_PLUGINS = {
    "jpeg": "JpegImagePlugin",
    "png": "PngImagePlugin",
    "webp": "WebPImagePlugin",
    "gif": "GifImagePlugin",
    "avif": "AvifImagePlugin",
    "tiff": "TiffImagePlugin",
    "bmp": "BmpImagePlugin",
}
"""Imported one by one, the most common first, until one accepts the file: importing all would double a cold start."""

_SUPPORTED = "Supported formats are JPEG, PNG, WebP, AVIF, GIF, TIFF and BMP."

_SAVE_AS_USUAL = "Save the picture as a JPEG, PNG or TIFF with 8 bits per colour and upload it again."

_UNSUPPORTED = {
    b"8BPS": "Photoshop",
    b"\0\0\1\0": "icon (ICO)",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"\xff\x0a": "JPEG XL",
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

_MOST_SCANS = 100
"""The most scans of a progressive JPEG. Real files have about ten; each scan costs much time but few bytes."""

# Pillow's warnings can quote a file's content, and would appear between the JSON lines of the log.
warnings.filterwarnings("ignore", module=r"PIL\.")

DECODE_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""The exceptions that Pillow's decoders raise on damaged or malicious files."""

_IS_TRUNCATED: dict[str, Callable[[bytes], bool]] = {
    "jpeg": lambda data: b"\xff\xd9" not in data[-4096:],
    "png": lambda data: b"IEND" not in data[-4096:],
    "webp": lambda data: len(data) < 8 + int.from_bytes(data[4:8], "little"),
    "gif": lambda data: b";" not in data[-16:],
    "bmp": lambda data: len(data) < int.from_bytes(data[2:6], "little"),
    "tiff": lambda data: len(data) < int.from_bytes(data[4:8], "little" if data[:1] == b"I" else "big"),
    "avif": lambda data: len(data) < _end_of_boxes(data),
}
"""Format -> whether the end is missing. Called only for files that cannot be decoded, so a rough check is enough."""


class Identified(msgspec.Struct):
    """A file whose format is known and whose size is within the limits."""

    format: str
    frames: int
    data: bytes
    """What the decoder gets: the file, without what its pixels do not need where that could harm."""
    header: ImageFile
    """Pillow's decoder, which has read only the header."""
    page: int = 0
    """The page of a TIFF that is decoded."""
    shown: tuple[int, int, int, int] | None = None
    """Left, top, right and bottom of the part that is shown, when that is not the whole."""
    motion: Motion | None = None
    """The frames of a file that moves."""
    warnings: list[ResultWarning] = []
    """What every result lacks of the file, or what was guessed. It is found without decoding a pixel, so that each op
    has the same warnings.
    """


def identify(data: bytes, limits: Limits) -> Identified:
    """Return what the file's header says; raise `Rejected` when it is not a picture within the limits."""
    if not data:
        raise Rejected("empty_file", "The file is empty (0 bytes). Upload the complete file again.")
    if len(data) > limits.max_upload_bytes:
        sizes = f"{megabytes(len(data))}; at most {megabytes(limits.max_upload_bytes)} are taken"
        raise Rejected("too_large", f"The file has {sizes}. Scale the picture down and upload it again.")
    kind = _kind(data)
    if kind == "jpeg" and has_more_scans(data, _MOST_SCANS):
        raise Rejected(
            "broken_picture",
            f"The JPEG has more than {_MOST_SCANS} scans. Save it again with fewer, or as a baseline JPEG.",
        )
    Image.MAX_IMAGE_PIXELS = most = most_pixels(kind, limits)
    of = "" if most == limits.max_pixels else f" of {kind.upper()}"
    at_most = f"at most {exact_megapixels(most)}{of} are taken"
    try:
        with decoding(kind, data):
            found = _header(kind, data)
    except Image.DecompressionBombError as error:
        sentence = f"The picture is far too large; {at_most}. Scale it down and upload it again."
        raise Rejected("too_many_pixels", sentence) from error
    width, height = found.header.size
    pixels = width * height
    if pixels > most:
        size = f"{width} x {height} pixels ({exact_megapixels(pixels)})"
        sentence = f"The picture is {size}; {at_most}. Scale it down and upload it again."
        raise Rejected("too_many_pixels", sentence)
    if motion := codecs_animation.motion(kind, found.data):
        found.motion, found.frames = motion, len(motion.parts)
        found.warnings += codecs_animation.incomplete(motion)
    return found


def _header(kind: str, data: bytes) -> Identified:
    """Read the header, and what stands beside the pixels, as browsers do."""
    if kind == "png":
        chunks = codecs_png.read(data)
        found = Identified(kind, 1, chunks.data, decoder(kind, chunks.data))
        found.frames = _frames(kind, found.header)
        found.header.info |= {"icc_profile": chunks.profile, "exif": chunks.exif and b"Exif\0\0" + chunks.exif}
        return found
    if kind == "jpeg" and (bits := frame(data).bits) > 8:
        raise Rejected(
            "unsupported_format", f"JPEG files with {bits} bits per colour are not supported. {_SAVE_AS_USUAL}"
        )
    if kind == "tiff":
        return _tiff(data)
    found = Identified(kind, 1, data, decoder(kind, data))
    found.frames = _frames(kind, found.header)
    if kind == "avif":
        found.shown = codecs_avif.clean_aperture(data, found.header.size)
        if "icc_profile" not in found.header.info and (points := codecs_avif.code_points(data)):
            found.header.info["icc_profile"] = codecs_space.of_code_points(*points)
    found.header.info.pop("xmp", None)  # no browser turns a picture for its XMP; Pillow would
    return found


def _tiff(data: bytes) -> Identified:
    pages = codecs_tiff.pages(data)
    if codecs_tiff.is_raw(data, pages):
        raise Rejected("unsupported_format", f"A camera's raw files are not supported. {_SAVE_AS_USUAL}")
    page = codecs_tiff.first_full_page(pages)
    try:
        return Identified("tiff", max(len(pages), 1), data, decoder("tiff", data, page), page)
    except SyntaxError as error:
        if not pages or "pixel mode" not in str(error):
            raise
        pixels = codecs_tiff.kind_of_pixels(pages[page])
        raise Rejected("unsupported_format", f"TIFF files with {pixels} are not supported. {_SAVE_AS_USUAL}") from error


def decoder(kind: str, data: bytes, page: int = 0) -> ImageFile:
    """Return Pillow's decoder, which has read only the header. Unlike `Image.open`, it raises the original error."""
    factory, _ = Image.OPEN[kind.upper()]
    made = factory(BytesIO(data), "")
    if page:
        made.seek(page)
    return made


@contextmanager
def decoding(kind: str, data: bytes) -> Iterator[None]:
    """Raise `Rejected` for any error of the decoder in this block."""
    try:
        with _silent() if kind == "tiff" else nullcontext():
            yield
    except DECODE_ERRORS as error:
        name, size = kind.upper(), megabytes(len(data))
        if isinstance(error, EOFError) or _IS_TRUNCATED[kind](data):
            sentence = (
                f"The {name} file is incomplete: its end is missing after {size}. Upload the complete file again."
            )
            raise Rejected("truncated_picture", sentence) from error
        sentence = f"The {name} file is damaged and cannot be decoded. Save the picture again and upload the new file."
        raise Rejected("broken_picture", sentence) from error


@contextmanager
def _silent() -> Iterator[None]:
    """Discard standard error: libtiff writes to it, and its lines would stand between the JSON lines of the log."""
    sys.stderr.flush()
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def _kind(data: bytes) -> str:
    brands = data[8:64] if data[4:8] == b"ftyp" else b""
    if any(brand in brands for brand in (b"heic", b"heix", b"hevc", b"mif1")) and b"avif" not in brands:
        raise Rejected("unsupported_format", f"HEIC pictures are not supported. {_SUPPORTED}")
    if brands.startswith(b"crx "):
        raise Rejected("unsupported_format", f"Camera raw (CR3) files are not supported. {_SUPPORTED}")
    for kind, plugin in _PLUGINS.items():
        import_module(f"PIL.{plugin}")
        _, accepts = Image.OPEN[kind.upper()]
        if accepts and accepts(data[:16]) is True:
            return kind
    for magic, name in _UNSUPPORTED.items():
        if data.startswith(magic):
            raise Rejected("unsupported_format", f"{name} files are not supported. {_SUPPORTED}")
    if _is_svg(data):
        raise Rejected("svg_refused", f"SVG is not taken, because it can carry scripts. {_SUPPORTED}")
    raise Rejected("not_a_picture", f"The file is not a picture, even if its name says so. {_SUPPORTED}")


def _is_svg(data: bytes) -> bool:
    head = data[:4096]
    if head.startswith(b"\x1f\x8b"):
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, 4096)
        except zlib.error:
            return False
    return b"<svg" in head.replace(b"\0", b"").lower()


def _frames(kind: str, header: ImageFile) -> int:
    if kind == "jpeg":
        return 1  # a phone's JPEG may carry a preview or a gain map; neither is a frame
    return 1 if kind in codecs_animation.MOST_WRITTEN else getattr(header, "n_frames", 1)


def _end_of_boxes(data: bytes) -> int:
    """Return the length of an AVIF file according to the sizes of its boxes."""
    end = 0
    while end < len(data) and (size := int.from_bytes(data[end : end + 4])) >= 8:
        end += size
    return end

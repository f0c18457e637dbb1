"""Bytes -> decoder: read a file's header and check the limits, before any pixel is decoded."""

from io import BytesIO

import msgspec
from PIL import Image
from PIL.ImageFile import ImageFile

from umbel_core.contract.warnings import ResultWarning
from umbel_core.errors import Rejected
from umbel_core.settings import Limits, exact_megapixels, megabytes
from worker.codecs import animation, heif, jpeg_damage, png, space, tiff, warnings
from worker.codecs.errors import decoding
from worker.codecs.frames import Motion
from worker.codecs.jpeg import frame, has_more_scans
from worker.codecs.kind import kind_of, written
from worker.codecs.memory import most_pixels

_SAVE_AS_USUAL = "Save the picture as a JPEG, PNG or TIFF with 8 bits per colour and upload it again."

_MOST_SCANS = 100
"""The most scans of a progressive JPEG. Real files have about ten; each scan costs much time but few bytes."""


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
    """The frames of a file that moves, or the only one, which does not fill the picture."""
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
    kind = kind_of(data)
    if kind == "jpeg" and has_more_scans(data, _MOST_SCANS):
        raise Rejected(
            "broken_picture",
            f"The JPEG has more than {_MOST_SCANS} scans. Save it again with fewer, or as a baseline JPEG.",
        )
    Image.MAX_IMAGE_PIXELS = most = most_pixels(kind, limits)
    of = "" if most == limits.max_pixels else f" of {written(kind)}"
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
    with decoding(kind, data):
        motion = animation.motion(kind, found.data, found.header.size)
    if motion:
        found.motion, found.frames = motion, len(motion.parts)
        found.warnings += animation.incomplete(motion)
    found.warnings += warnings.of(kind, data, found.header)
    return found


def decoder(kind: str, data: bytes, page: int = 0) -> ImageFile:
    """Return Pillow's decoder, which has read only the header. Unlike `Image.open`, it raises the original error."""
    factory, _ = Image.OPEN[kind.upper()]
    made = factory(BytesIO(data), "")
    if page:
        made.seek(page)
    return made


def _header(kind: str, data: bytes) -> Identified:
    """Read the header, and what stands beside the pixels, as browsers do."""
    if kind == "png":
        chunks = png.read(data)
        found = Identified(kind, 1, chunks.data, decoder(kind, chunks.data))
        found.header.info |= {"icc_profile": chunks.profile, "exif": chunks.exif and b"Exif\0\0" + chunks.exif}
        return found
    if kind == "jpeg":
        return _jpeg(data)
    if kind == "tiff":
        return _tiff(data)
    found = Identified(kind, 1, data, decoder(kind, data))
    found.frames = _frames(kind, found.header)
    if kind == "avif":
        found.shown = heif.clean_aperture(data, found.header.size)
    if kind in ("avif", "heic") and "icc_profile" not in found.header.info and (points := heif.code_points(data)):
        found.header.info["icc_profile"] = space.of_code_points(*points)
    found.header.info.pop("xmp", None)  # no browser turns a picture for its XMP; Pillow would
    return found


def _jpeg(data: bytes) -> Identified:
    if (bits := frame(data).bits) > 8:
        raise Rejected(
            "unsupported_format", f"JPEG files with {bits} bits per colour are not supported. {_SAVE_AS_USUAL}"
        )
    decoded, missing = jpeg_damage.checked(data)
    found = Identified("jpeg", 1, decoded, decoder("jpeg", decoded), warnings=missing)
    found.header.info.pop("xmp", None)
    return found


def _tiff(data: bytes) -> Identified:
    pages = tiff.pages(data)
    if tiff.is_raw(data, pages):
        raise Rejected("unsupported_format", f"A camera's raw files are not supported. {_SAVE_AS_USUAL}")
    page = tiff.first_full_page(pages)
    try:
        return Identified("tiff", max(len(pages), 1), data, decoder("tiff", data, page), page)
    except SyntaxError as error:
        if not pages or "pixel mode" not in str(error):
            raise
        pixels = tiff.kind_of_pixels(pages[page])
        raise Rejected("unsupported_format", f"TIFF files with {pixels} are not supported. {_SAVE_AS_USUAL}") from error


def _frames(kind: str, header: ImageFile) -> int:
    if kind == "heic":
        return 1  # a phone's file may carry a burst or a gain map; none is a frame
    return 1 if kind in animation.MOVING else getattr(header, "n_frames", 1)

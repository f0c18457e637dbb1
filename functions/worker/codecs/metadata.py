"""EXIF -> EXIF: what a result keeps of its picture's metadata, if a caller asks for it.

Only what is listed here is kept. Places, serial numbers, names of owners, comments, previews and the maker's notes
never are.
"""

from typing import Any

from PIL import ExifTags, Image
from PIL.ImageFile import ImageFile

from umbel_core.encoding import Encoding
from worker.codecs.errors import DECODE_ERRORS

_COPYRIGHT = (ExifTags.Base.Artist, ExifTags.Base.Copyright)
_DATE = (ExifTags.Base.DateTimeOriginal, ExifTags.Base.OffsetTimeOriginal, ExifTags.Base.SubsecTimeOriginal)
_CAMERA = (
    ExifTags.Base.Make,
    ExifTags.Base.Model,
    ExifTags.Base.LensMake,
    ExifTags.Base.LensModel,
    ExifTags.Base.ExposureTime,
    ExifTags.Base.FNumber,
    ExifTags.Base.ISOSpeedRatings,
    ExifTags.Base.FocalLength,
    ExifTags.Base.FocalLengthIn35mmFilm,
    ExifTags.Base.ExposureBiasValue,
    ExifTags.Base.Flash,
)
_IN_FIRST = {*_COPYRIGHT, ExifTags.Base.Make, ExifTags.Base.Model}
"""The tags of the first directory; the others are in the one of the photo."""
_LONGEST = 1_000
"""Characters of a text."""


def kept(header: ImageFile, wanted: Encoding) -> bytes:
    """Return the EXIF data that the result has; empty when nothing is to be kept, or when there is nothing."""
    tags: set[int] = set()
    if not wanted.strip:
        tags = {*_COPYRIGHT, *_DATE, *_CAMERA}
    if wanted.keep_copyright:
        tags |= {*_COPYRIGHT}
    if wanted.keep_date:
        tags |= {*_DATE}
    return _only(header, tags) if tags else b""


def _only(header: ImageFile, tags: set[int]) -> bytes:
    made = Image.Exif()
    photo = made.get_ifd(ExifTags.IFD.Exif)
    try:
        first = header.getexif()
        found = {**first.get_ifd(ExifTags.IFD.Exif), **first}
        for tag in sorted(tags & found.keys()):
            if tag in _IN_FIRST and isinstance(found[tag], str):
                # Pillow reads any bytes as Latin-1, and would write only ASCII: © would be lost.
                made[tag] = found[tag][:_LONGEST].encode("latin-1")
            elif _is_plain(found[tag]):
                photo[tag] = found[tag]
        return made.tobytes() if len(made) or photo else b""
    except DECODE_ERRORS:
        return b""  # as with a picture that has none


def _is_plain(value: Any) -> bool:
    return not isinstance(value, bytes | tuple | dict) and len(str(value)) <= _LONGEST

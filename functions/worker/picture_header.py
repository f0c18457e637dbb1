"""Read what a file's header says of its picture beside the size, without decoding a pixel."""

from collections.abc import Mapping
from contextlib import suppress
from io import BytesIO
from typing import Any

from PIL.ImageFile import ImageFile

from umbel_core.input_types import Header
from worker.codecs.errors import DECODE_ERRORS
from worker.codecs.frames import Motion, fills, stays_opaque
from worker.codecs.jpeg import frame

_ORIENTATION, _GPS, _BITS_PER_SAMPLE, _RESOLUTION = 0x0112, 0x8825, 0x0102, 0x011A
_PALETTE = 3
"""The colour type of a PNG whose pixels are numbers of colours, which have 8 bits each."""
_DEEP_MODES = {"1": 1, "I;16": 16, "I;16B": 16, "I": 32, "F": 32}


def read(header: ImageFile, data: bytes, kind: str, motion: Motion | None) -> Header:
    """Return what the header of a file of this format says; what cannot be read counts as missing."""
    return Header(
        orientation=_orientation(header),
        bit_depth=_bit_depth(header, data, kind),
        has_alpha=header.has_transparency_data or (motion is not None and _leaves_clear(motion, header.size)),
        has_gps=_has_gps(header),
        dpi=_dpi(header),
        profile=_profile(header),
        duration_ms=sum(motion.milliseconds) if motion and motion.moves else None,
        loops=motion.plays if motion and motion.moves else None,
    )


def _leaves_clear(motion: Motion, size: tuple[int, int]) -> bool:
    """Return whether pixels are transparent that no part covers, or that one clears."""
    return not fills(motion, size) or (motion.moves and not stays_opaque(motion.parts))


def _tags(header: ImageFile) -> Mapping[int, Any]:
    """Return the EXIF data, or the tags of a TIFF; nothing when they cannot be read."""
    with suppress(*DECODE_ERRORS):
        return getattr(header, "tag_v2", None) or header.getexif()
    return {}


def _orientation(header: ImageFile) -> int:
    value = header.info.get("orientation") or _tags(header).get(_ORIENTATION, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _has_gps(header: ImageFile) -> bool:
    with suppress(*DECODE_ERRORS):
        return _GPS in _tags(header) and header.getexif().get_ifd(_GPS) != {}
    return False


def _bit_depth(header: ImageFile, data: bytes, kind: str) -> int:
    """Return the bits of each channel."""
    with suppress(*DECODE_ERRORS):
        if kind == "jpeg":
            return frame(data).bits
        if kind == "png":
            return 8 if data[25] == _PALETTE else data[24]
        if kind == "avif" and (at := data.find(b"av1C")) > 0:
            high, twelve = data[at + 6] & 0x40, data[at + 6] & 0x20
            return 12 if twelve else 10 if high else 8
        if kind in ("heic", "jxl"):
            return int(header.info["bit_depth"])
        if kind == "tiff" and header.mode != "P":
            return max(header.tag_v2.get(_BITS_PER_SAMPLE, (1,)))  # type: ignore[attr-defined,no-any-return]  # of a TIFF
    return _DEEP_MODES.get(header.mode, 8)


def _dpi(header: ImageFile) -> float | None:
    """Return the pixels of an inch in a row; Pillow makes a number up where a JPEG or a TIFF has none."""
    if header.format in ("JPEG", "MPO", "TIFF") and not (
        header.info.get("jfif_unit") in (1, 2) or _RESOLUTION in _tags(header)
    ):
        return None
    with suppress(*DECODE_ERRORS):
        across = float(header.info["dpi"][0])
        return round(across, 2) if 0 < across < 1e6 else None
    return None


def _profile(header: ImageFile) -> str | None:
    """Return the name of the colour profile."""
    profile = header.info.get("icc_profile")
    if not isinstance(profile, bytes):
        return None
    from PIL import ImageCms  # noqa: PLC0415 - only for pictures with a profile

    with suppress(*DECODE_ERRORS, ImageCms.PyCMSError):
        return ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(BytesIO(profile))).strip()[:200] or None
    return None

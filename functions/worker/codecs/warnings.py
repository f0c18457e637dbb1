"""What every result lacks of a picture, or what was guessed for it, found in its header."""

from collections.abc import Callable, Iterator

from PIL.ImageFile import ImageFile

from umbel_core.contract.warnings import ResultWarning
from worker.codecs import heif
from worker.codecs.boxes import each_box
from worker.codecs.colour import converter
from worker.codecs.jpeg import segments

_GAIN_MAP = ResultWarning(
    code="gain_map_dropped",
    message="The picture has a gain map, with which some screens show it brighter; the result has none.",
)
_GUESSED = ResultWarning(
    code="profile_guessed",
    message="The picture is in CMYK without a usable colour profile; its inks were taken for those of a usual press.",
)
_MISSING = ResultWarning(
    code="data_missing", message="Data of the HEIC is missing or damaged: parts of the result are wrong."
)
_APP1, _APP2 = 0xE1, 0xE2
_SIGNS = (b"hdrgm:Version", b"GainMap", b"urn:iso:std:iso:ts:21496:-1")
"""In the metadata of a picture that has a gain map behind it, as Google, Adobe and the standard write it."""
_APPLES = b"aux:hdrgainmap"
"""In the metadata of the gain map itself, behind the picture."""
_SEVERAL = b"MPF\0"
"""In the header of a JPEG that has more pictures behind it."""


def of(kind: str, data: bytes, header: ImageFile) -> Iterator[ResultWarning]:
    """Yield the warnings about a file of this format."""
    if kind in _HAS_GAIN_MAP and _HAS_GAIN_MAP[kind](data):
        yield _GAIN_MAP
    if kind == "heic" and heif.lacks_data(data):
        yield _MISSING
    if header.mode == "CMYK" and not _converts(header.info.get("icc_profile")):
        yield _GUESSED


def _jpeg_has_gain_map(data: bytes) -> bool:
    end, several = 0, False
    for kind, content, stop in segments(data):
        end = stop
        if kind in (_APP1, _APP2) and any(sign in content for sign in _SIGNS):
            return True
        several |= kind == _APP2 and content.startswith(_SEVERAL)
    return several and data.find(_APPLES, end) >= 0


def _jxl_has_gain_map(data: bytes) -> bool:
    return data[:1] == b"\0" and any(name == b"jhgm" for name, _ in each_box(data))


def _converts(profile: object) -> bool:
    return isinstance(profile, bytes) and converter(profile, "CMYK") is not None


_HAS_GAIN_MAP: dict[str, Callable[[bytes], bool]] = {
    "jpeg": _jpeg_has_gain_map,
    "avif": heif.has_gain_map,
    "heic": heif.has_gain_map,
    "jxl": _jxl_has_gain_map,
}

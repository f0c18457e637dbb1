"""The decoder of HEIC and HEIF pictures: libheif, which turns, mirrors and cuts a picture as its file says.

pi-heif has a decoder for Pillow too, which reads much beside the picture and ends the process when that is damaged.
"""

from typing import Any

from _pi_heif import load_file  # type: ignore[import-not-found]  # pi-heif has no types
from PIL import Image
from PIL.ImageFile import ImageFile

from umbel_core.errors import Rejected
from worker.codecs import heif
from worker.codecs.boxes import Items, is_heic, lacks_end, without_film

_CODECS = {b"av01": "AV1", b"avc1": "H.264", b"j2k1": "JPEG 2000", b"jpeg": "JPEG", b"unci": "no", b"vvc1": "VVC"}
_DEEP = ("I;10", "I;12")
"""pi-heif's modes for gray of more than 8 bits; it makes 8 bits of colours."""


class HeicImageFile(ImageFile):
    """The main picture of a file; of a sequence, the one that stands for it."""

    format = "HEIC"

    def _open(self) -> None:
        assert self.fp is not None
        data = self.fp.read()
        kinds = set(Items(data).types.values())
        if not kinds & heif.HEVC and lacks_end(data):
            raise EOFError
        if not kinds & heif.HEVC:
            codec = next((name for kind, name in _CODECS.items() if kind in kinds), "another")
            sentence = f"HEIF files with {codec} compression are not supported, only those with HEVC."
            raise Rejected("unsupported_format", sentence)
        self._picture = next(
            (each for each in _pictures(without_film(data)) if each is not None and each.primary), None
        )
        if self._picture is None:
            raise ValueError("no main picture")
        if heif.most_pixels(data) > (Image.MAX_IMAGE_PIXELS or 0):
            raise Image.DecompressionBombError  # what is shown may be a small part
        self._size, mode = self._picture.size_mode
        self._mode = "L" if mode in _DEEP else mode
        self.info["bit_depth"] = self._picture.bit_depth
        self.info["orientation"] = heif.orientation(data)
        profile = self._picture.color_profile
        if profile.get("type") in ("prof", "rICC"):
            self.info["icc_profile"] = profile["data"]
        if exif := heif.exif(data):
            self.info["exif"] = exif

    def load(self) -> Any:
        """Decode the pixels."""
        if self._picture:
            pixels, (size, mode) = self._picture.data, self._picture.size_mode
            if size != self._size:
                raise ValueError("another size than in the header")
            raw = "I;16" if mode in _DEEP else mode
            picture = Image.frombytes(raw, size, pixels, "raw", raw, self._picture.stride)
            if mode in _DEEP:
                factor = 255 / ((1 << self._picture.bit_depth) - 1)
                picture = picture.convert("I").point(lambda value: value * factor + 0.5).convert("L")
            self._picture, self.im = None, picture.im
        return super().load()

    def getexif(self) -> Image.Exif:
        """Return the EXIF data without the orientation, which does not count: the file has its own."""
        found = super().getexif()
        found.pop(heif.ORIENTATION, None)
        return found


def _pictures(data: bytes) -> list[Any]:
    """Return the pictures of a file, with colours in 8 bits; one that cannot be decoded is None."""
    threads, to_8_bits, bgr, without_stride, to_16_bits, without_limits = 1, True, False, False, False, False
    # To make 16 bits of gray, pi-heif would trust a depth that the file may have made up, and write behind the pixels.
    return list(load_file(data, threads, to_8_bits, bgr, without_stride, to_16_bits, "", without_limits))


Image.register_open(HeicImageFile.format, HeicImageFile, is_heic)

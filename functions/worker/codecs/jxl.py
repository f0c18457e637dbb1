"""The decoder of JPEG XL pictures: libjxl by pillow-jxl-plugin, called when the pixels are needed and not before."""

from typing import Any

from PIL import Image
from PIL.ImageFile import ImageFile
from pillow_jxl import Decoder

from umbel_core.errors import Rejected
from worker.codecs import jxl_header
from worker.codecs.boxes import is_jxl
from worker.codecs.colour import eight_bits, srgb
from worker.codecs.heif import ORIENTATION

_MOST_CHANNELS = 4
"""Besides the colours. The decoder holds them all, and a file of few bytes can have thousands."""


class JxlImageFile(ImageFile):
    """A picture that is upright and in sRGB when it is loaded."""

    format = "JXL"

    def _open(self) -> None:
        assert self.fp is not None
        data = self.fp.read()
        self._stream = jxl_header.codestream(data)
        header = jxl_header.read(self._stream)
        if header.animated:
            raise Rejected(
                "unsupported_format", "JPEG XL files that move are not supported. Save the first frame alone."
            )
        if header.more_channels > _MOST_CHANNELS:
            raise Rejected(
                "unsupported_format",
                f"JPEG XL files with {header.more_channels} channels besides the colours are not supported;"
                f" at most {_MOST_CHANNELS} are.",
            )
        self._size, self._mode = header.size, header.mode
        self.info["bit_depth"], self.info["orientation"] = header.bits, header.orientation
        if exif := jxl_header.exif(data):
            self.info["exif"] = exif

    def load(self) -> Any:
        """Decode the pixels. What the header says of their mode can be wrong where there are more channels."""
        if self._stream:
            _, found, pixels, profile, _ = Decoder(num_threads=0)(self._stream)
            if (found.width, found.height) != self._size:
                raise ValueError("another size than in the header")
            picture = srgb(eight_bits(Image.frombytes(found.mode, self._size, pixels)), bytes(profile))
            self._stream, self._mode, self.im = b"", picture.mode, picture.im
        return super().load()

    def getexif(self) -> Image.Exif:
        """Return the EXIF data without the orientation, which does not count: the picture has its own."""
        found = super().getexif()
        found.pop(ORIENTATION, None)
        return found


Image.register_open(JxlImageFile.format, JxlImageFile, is_jxl)

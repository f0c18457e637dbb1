"""Pillow's decoder of JPEGs, which finds out whether the picture was made of all of the file's data."""

from typing import Any

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from worker.codecs.jpeg_damage import DamagedError, is_checked_by_decoding

_LEAST_BLOCK, _MOST_BLOCK = 4096, 65536
"""Bytes that the decoder gets at a time: what it has not asked for in the end, the picture did not need."""
_END = 64
"""Bytes that say whether the file was prepared for this."""
_SPARE = b"\0\xff"
"""Some cameras fill their files with these."""


class WholeJpegFile(JpegImageFile):
    """The first picture of a file: phones put previews and gain maps behind it, which are not read."""

    def load(self) -> Any:
        """Decode the pixels; raise an error when the picture was complete long before the data ended."""
        stream = self.fp
        if not self.tile or stream is None:
            return super().load()
        size = stream.seek(0, 2)
        stream.seek(max(size - _END, 0))
        if not is_checked_by_decoding(stream.read()):
            return super().load()
        self.decodermaxblock = min(max(size // 16, _LEAST_BLOCK), _MOST_BLOCK)
        loaded = super().load()
        unread = stream.read()
        if len(unread.rstrip(_SPARE)) > size // 16:
            raise DamagedError("data that makes no pixels")
        return loaded


_, accepts = Image.OPEN[JpegImageFile.format]
Image.register_open(JpegImageFile.format, WholeJpegFile, accepts)

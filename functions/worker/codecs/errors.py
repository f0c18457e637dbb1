"""Turn the errors of the decoders into sentences for the person who sent the file."""

import os
import struct
import sys
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from umbel_core.errors import Rejected
from umbel_core.settings import megabytes
from worker.codecs.boxes import lacks_end
from worker.codecs.jpeg_damage import DamagedError, is_checked_by_decoding
from worker.codecs.kind import written

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
"""The exceptions that decoders raise on damaged or malicious files."""


@contextmanager
def decoding(kind: str, data: bytes) -> Iterator[None]:
    """Raise `Rejected` for any error of the decoder in this block."""
    try:
        with _silent() if kind == "tiff" else nullcontext():
            yield
    except DECODE_ERRORS as error:
        name, size = written(kind), megabytes(len(data))
        asked_for_more = isinstance(error, EOFError) or "file is truncated" in str(error)
        if asked_for_more or (_IS_TRUNCATED[kind](data) and not isinstance(error, DamagedError)):
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


_IS_TRUNCATED: dict[str, Callable[[bytes], bool]] = {
    "jpeg": lambda data: b"\xff\xd9" not in data[-4096:] and not is_checked_by_decoding(data),
    "png": lambda data: b"IEND" not in data[-4096:],
    "webp": lambda data: len(data) < 8 + int.from_bytes(data[4:8], "little"),
    "gif": lambda data: b";" not in data[-16:],
    "bmp": lambda data: len(data) < int.from_bytes(data[2:6], "little"),
    "tiff": lambda data: len(data) < int.from_bytes(data[4:8], "little" if data[:1] == b"I" else "big"),
    "avif": lacks_end,
    "heic": lacks_end,
    "jxl": lambda data: data[:1] == b"\0" and lacks_end(data),
}
"""Format -> whether the end is missing. Called only for files that cannot be decoded, so a rough check is enough."""

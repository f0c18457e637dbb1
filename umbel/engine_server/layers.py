"""Make the engine unpack each layer once; by itself it does so for each process of each function."""

from __future__ import annotations

import tempfile
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zlib import crc32

_LAYER = "layer_"
"""How the names of the folders begin into which the engine (1.5.33) unpacks layers, in the folder of a process."""
_lock = threading.Lock()


class SharedZip(zipfile.ZipFile):
    """A ZIP file whose content, when it is a layer, all processes share; they only read it.

    To unpack the layers of a lane for pictures takes half a second of CPU time and 80 MB of disk.
    """

    def extractall(self, path: Any = None, *others: Any) -> None:
        """Unpack into `path`; for a layer make `path` a link to the folder where it was unpacked once."""
        if path is None or not Path(path).name.startswith(_LAYER):
            super().extractall(path, *others)
            return
        Path(path).rmdir()
        Path(path).symlink_to(self._shared())

    def _shared(self) -> Path:
        """Return the folder with the content; it is deleted with the engine's temporary folder."""
        content = [(info.filename, info.CRC, info.file_size) for info in self.infolist()]
        folder = Path(tempfile.gettempdir()) / f"umbel-layer-{len(content)}-{crc32(repr(content).encode()):08x}"
        with _lock:
            if not folder.exists():
                part = Path(tempfile.mkdtemp(prefix="umbel-part-"))
                super().extractall(part)
                part.rename(folder)
        return folder


def unpack_once() -> None:
    """Let the engine unpack with `SharedZip`."""
    # Only the engine's own environment has this package.
    from ministack.core import lambda_runtime  # type: ignore[import-not-found]  # noqa: PLC0415

    lambda_runtime.zipfile = SimpleNamespace(**{**vars(zipfile), "ZipFile": SharedZip})

"""One hash of files for all who ask whether something changed: set-up, `umbel up`, and the synthesis.

Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

_MADE = frozenset({"node_modules", "dist", "__pycache__"})
"""What lies among sources and is made of them."""


def content_hash(paths: Iterable[Path], *texts: str, ignored: frozenset[str] = _MADE, modes: bool = False) -> str:
    """Return a SHA-256 of the names and bytes of all files at and below the paths, and of the texts.

    A name begins with that of its path. Folders count only with `modes`, which adds the mode of each file and folder.
    """
    seen = hashlib.sha256()
    for path in paths:
        for entry in [path, *sorted(path.rglob("*"))]:
            if not ignored & set(entry.relative_to(path).parts) and (entry.is_file() or (modes and entry.exists())):
                content = entry.read_bytes() if entry.is_file() else b""
                mode = f" {entry.stat().st_mode:o}" if modes else ""
                name = entry.relative_to(path.parent).as_posix()
                seen.update(f"{name}{mode} {len(content)}\0".encode("utf-8", "surrogateescape") + content)
    for text in texts:
        seen.update(text.encode() + b"\0")
    return seen.hexdigest()

"""Hash files, so that set-up, `umbel up` and the synth can detect changes.

Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

_GENERATED = frozenset({"node_modules", "dist", "__pycache__"})
"""Folders among the sources that contain generated files."""


def content_hash(paths: Iterable[Path], *texts: str, ignored: frozenset[str] = _GENERATED, modes: bool = False) -> str:
    """Return a SHA-256 of the names and bytes of all files at and below the paths, and of the texts.

    Each name starts with the name of its path. `modes` adds folders, and the mode of each file and folder.
    """
    digest = hashlib.sha256()
    for path in paths:
        for entry in [path, *sorted(path.rglob("*"))]:
            if not ignored & set(entry.relative_to(path).parts) and (entry.is_file() or (modes and entry.exists())):
                content = entry.read_bytes() if entry.is_file() else b""
                mode = f" {entry.stat().st_mode:o}" if modes else ""
                name = entry.relative_to(path.parent).as_posix()
                digest.update(f"{name}{mode} {len(content)}\0".encode("utf-8", "surrogateescape") + content)
    for text in texts:
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()

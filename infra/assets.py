"""Check the pictures in the folder `assets`, which parameters of ops name."""

import re
from pathlib import Path

from umbel_core.errors import Rejected
from umbel_core.settings import Limits
from worker.pictures import StoredPicture

_NAME = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*\.(png|jpg|webp|avif)")
_MOST_BYTES = 1_000_000
_LARGEST_SIDE = 4_096
_MOST = 100


def read_assets(folder: Path) -> list[str]:
    """Return the names of the assets; raise `AssetError` for one that ops could not use."""
    if not folder.is_dir():
        return []
    paths = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    if len(paths) > _MOST:
        raise AssetError(f"{folder.name}: {len(paths)} files; at most {_MOST} are packed with a function")
    for path in paths:
        _check(path)
    return [path.name for path in paths]


def _check(path: Path) -> None:
    name = f"{path.parent.name}/{path.name}"
    if not path.is_file() or not _NAME.fullmatch(path.name):
        raise AssetError(f"{name}: an asset is a file named as logo.png: lower case, and .png, .jpg, .webp or .avif")
    data = path.read_bytes()
    if len(data) > _MOST_BYTES:
        raise AssetError(f"{name}: {len(data):,} bytes; an asset has at most {_MOST_BYTES:,}")
    try:
        picture = StoredPicture(data, Limits())
        if max(picture.size) > _LARGEST_SIDE:
            width, height = picture.size
            raise AssetError(f"{name}: {width} x {height} pixels; an asset has at most {_LARGEST_SIDE} on a side")
        picture.image()
    except Rejected as error:
        raise AssetError(f"{name}: {error.sentence}") from error


class AssetError(Exception):
    """Raised for a file in the folder that is no usable picture; the message names the file and the rule."""

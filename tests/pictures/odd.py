"""The scene in files as phones, scanners, cameras and old programs make them, which a strict decoder gets wrong."""

from collections.abc import Callable
from functools import cache

from PIL import Image

from tests.pictures.scene import Stored, saved, scene, stored


@cache
def files() -> dict[str, Stored]:
    """Return every file of the scene, the usual ones and the odd ones."""
    return stored() | odd()


@cache
def odd() -> dict[str, Stored]:
    """Return name -> file, where the name starts with the format."""
    return {name: Stored(make(), seen) for name, (seen, make) in _files().items()}


def _files() -> dict[str, tuple[Image.Image, Callable[[], bytes]]]:
    colour = scene()
    return {
        "jpeg-with-film": (colour, lambda: _photo() + b"\0\0\0\x18ftypmp42" + b"\xff\xda\0\x08\x01\x01" * 500),
        "jpeg-progressive-with-film": (colour, lambda: _photo(progressive=True) + b"\xff\xda" * 500),
        "jpeg-restarts-with-film": (colour, lambda: _photo(restart_marker_blocks=1) + b"\xff\xda" * 500),
        "jpeg-scans-in-comment": (colour, lambda: _photo(comment=b"\xff\xda" * 500)),
    }


def _photo(**settings: object) -> bytes:
    return saved(scene(), "JPEG", quality=95, **settings)

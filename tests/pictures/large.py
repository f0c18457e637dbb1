"""Make photos as large as a camera's from a small one."""

from functools import cache
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageChops


@cache
def large_photo(width: int = 4032, height: int = 3024, kind: str = "JPEG") -> bytes:
    """Return an enlarged photo with noise as a camera's; without noise it would compress too well.

    12 MP take two seconds.
    """
    picture = Image.open(Path(__file__).parent / "coffee.jpg").resize((width, height), Image.Resampling.LANCZOS)
    noise = Image.effect_noise(picture.size, 3)
    grainy = Image.merge("RGB", [ImageChops.add(band, noise, 1, -128) for band in picture.split()])
    out = BytesIO()
    grainy.save(out, kind, quality=90)
    return out.getvalue()

"""Convert pictures of any mode and colour profile to sRGB with 8 bits per channel."""

import math
from functools import lru_cache
from io import BytesIO
from typing import Any, cast

from PIL import Image

_CONVERTED_MODES = {
    "1": "L",
    "La": "LA",
    "PA": "RGBA",
    "RGBX": "RGB",
    "RGBa": "RGBA",
    "HSV": "RGB",
    "YCbCr": "RGB",
}


def eight_bits(image: Image.Image) -> Image.Image:
    """Return the picture in `L`, `LA`, `RGB`, `RGBA`, `CMYK` or `LAB`: 8 bits per channel, alpha as a channel."""
    transparent = image.has_transparency_data
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        scaled = _scaled(image)
        if transparent:
            key = round(image.info["transparency"] / 257)
            scaled.putalpha(scaled.point(lambda value: 255 * (value != key)))
        return scaled
    if image.mode == "P":
        return image.convert("RGBA" if transparent else "RGB")
    if image.mode in ("1", "L", "RGB") and transparent:
        return image.convert("RGBA" if image.mode == "RGB" else "LA")
    return image.convert(_CONVERTED_MODES[image.mode]) if image.mode in _CONVERTED_MODES else image


def opaque_if_clear(image: Image.Image) -> Image.Image:
    """Return a BMP's pixels as `eight_bits` does; without its alpha when that is zero everywhere.

    Many programs leave the alpha of a BMP at zero, and viewers show such a file.
    """
    if image.mode == "RGBA" and not image.getchannel("A").getbbox():
        return image.convert("RGB")
    return eight_bits(image)


def srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return the picture in sRGB (mode `L`, `LA`, `RGB` or `RGBA`). A profile that does not fit the mode is ignored.

    Colours in `RGB` or `RGBA` are converted in place: a large picture must not be held twice.
    """
    bands = image.getbands()
    kind = "L" if bands[0] == "L" and image.mode != "LAB" else "RGB"
    in_place = image.mode in ("RGB", "RGBA")
    source_mode = image.mode if in_place else image.mode.rstrip("A")
    transform = converter(profile, source_mode) if profile else None
    if transform:
        from PIL import ImageCms  # noqa: PLC0415 - only for pictures with a profile

        if in_place:
            ImageCms.applyTransform(image, transform, inPlace=True)
            return image
        alpha = image.getchannel("A") if image.mode == "LA" else None
        converted = ImageCms.applyTransform(image.convert(source_mode) if alpha else image, transform)
        assert converted is not None
        image = converted.convert(kind)
        if alpha:
            image.putalpha(alpha)
        return image
    if image.mode == "CMYK":
        from worker.codecs.inks import printed  # noqa: PLC0415 - few pictures are for a press

        return printed(image)
    return image.convert(kind) if image.mode == "LAB" else image


@lru_cache(maxsize=8)
def converter(profile: bytes, mode: str) -> Any:
    """Return the transform from a profile to sRGB, or None when the picture needs none.

    That is so when the profile is broken, does not fit the mode, or is practically sRGB: it changes no colour by more
    than 2 of 255.
    """
    from PIL import ImageCms  # noqa: PLC0415 - only for pictures with a profile

    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        target = mode if mode == "RGBA" else "RGB"
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, target)
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None
    if mode not in ("L", "RGB", "RGBA"):
        return transform
    steps = range(0, 256, 36)
    probe = Image.new("RGB", (8, 64))
    probe.putdata([(red, green, blue) for red in steps for green in steps for blue in steps])
    probe = probe.convert(mode)
    transformed = ImageCms.applyTransform(probe, transform)
    assert transformed is not None
    pairs = zip(probe.convert("RGB").tobytes(), transformed.convert("RGB").tobytes(), strict=True)
    return transform if any(abs(before - after) > 2 for before, after in pairs) else None


def _scaled(image: Image.Image) -> Image.Image:
    """Scale brightness of any depth to 8 bits.

    The largest value decides the range: 0 to 255, 0 to 65535, or 0 to that value; for floats also 0 to 1.
    """
    if image.mode.startswith("I;16"):
        low, top = 0.0, 65535.0
        image = image.convert("I")
    else:
        low, high = cast("tuple[float, float]", image.getextrema())
        if not (math.isfinite(low) and math.isfinite(high)):
            raise ValueError("infinite brightness")
        tops = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
        low, top = min(low, 0.0), next((top for top in tops if high <= top), high)
    factor = 255 / (top - low)
    return image.point(lambda value: value * factor + (0.5 - low * factor)).convert("L")

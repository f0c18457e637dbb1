"""Any mode, any colour profile -> 8 bits per channel, sRGB."""

import math
from functools import lru_cache
from io import BytesIO
from typing import Any, cast

from PIL import Image

_PLAIN = {
    "1": "L",
    "La": "LA",
    "PA": "RGBA",
    "RGBX": "RGB",
    "RGBa": "RGBA",
    "HSV": "RGB",
    "YCbCr": "RGB",
}


def eight_bits(image: Image.Image) -> Image.Image:
    """The picture in `L`, `LA`, `RGB`, `RGBA`, `CMYK` or `LAB`: 8 bits per channel, transparency as a channel."""
    clear = image.has_transparency_data
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        scaled = _scaled(image)
        if clear:
            key = round(image.info["transparency"] / 257)
            scaled.putalpha(scaled.point(lambda value: 255 * (value != key)))
        return scaled
    if image.mode == "P":
        return image.convert("RGBA" if clear else "RGB")
    if image.mode in ("1", "L", "RGB") and clear:
        return image.convert("RGBA" if image.mode == "RGB" else "LA")
    return image.convert(_PLAIN[image.mode]) if image.mode in _PLAIN else image


def srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture as sRGB, in `L`, `LA`, `RGB` or `RGBA`. A profile that does not fit the picture is ignored."""
    bands = image.getbands()
    alpha = image.getchannel("A") if bands[-1] == "A" and image.mode != "LAB" else None
    kind = "L" if bands[0] == "L" and image.mode != "LAB" else "RGB"
    transform = converter(profile, image.mode.rstrip("A")) if profile else None
    if transform:
        from PIL import ImageCms  # noqa: PLC0415 - only for pictures with a profile

        opaque = image.convert(image.mode.rstrip("A")) if alpha else image
        converted = ImageCms.applyTransform(opaque, transform)
        assert converted is not None
        image = converted.convert(kind)
        if alpha:
            image.putalpha(alpha)
        return image
    return image.convert(kind) if image.mode in ("CMYK", "LAB") else image


@lru_cache(maxsize=8)
def converter(profile: bytes, mode: str) -> Any:
    """The transform from a profile to sRGB, or None when there is nothing to do: the profile is broken, is for other
    colours than the picture's, or is sRGB itself under whatever name (it moves no colour by more than 2 of 255).
    """
    from PIL import ImageCms  # noqa: PLC0415 - only for pictures with a profile

    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None
    if mode not in ("L", "RGB"):
        return transform
    steps = range(0, 256, 36)
    probe = Image.new("RGB", (8, 64))
    probe.putdata([(red, green, blue) for red in steps for green in steps for blue in steps])
    probe = probe.convert(mode)
    shown = ImageCms.applyTransform(probe, transform)
    assert shown is not None
    pairs = zip(probe.convert("RGB").tobytes(), shown.tobytes(), strict=True)
    return transform if any(abs(before - after) > 2 for before, after in pairs) else None


def _scaled(image: Image.Image) -> Image.Image:
    """Brightness of any depth as 8 bits. Integers are taken for 8, 16 or more bits by the largest one that occurs,
    floats for 0 to 1 or as integers are.
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

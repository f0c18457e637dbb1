"""Resample a picture, by whichever of Pillow and libvips is faster."""

from PIL.Image import Image, Resampling

from umbel_imaging import vips


def resampled(image: Image, size: tuple[int, int], box: tuple[float, float, float, float]) -> Image:
    """Return a part of the picture at this size, by Lanczos."""
    return vips.resampled(image, size, box, lambda: image.resize(size, Resampling.LANCZOS, box=box))

"""What a picture is."""

from umbel_core.op import Picture, op


@op(memory_mb=512)
def info(picture: Picture) -> dict[str, int | str]:
    """Read the picture's size, format, mode and frames."""
    width, height = picture.size
    return {
        "width": width,
        "height": height,
        "format": picture.format,
        "mode": picture.mode,
        "frames": picture.frames,
        "bytes": picture.bytes,
        "perimeter": 2 * (width + height),
    }

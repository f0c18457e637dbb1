"""What a picture is."""

from umbel_core.op import Picture, op


@op(memory_mb=1769, timeout_seconds=60)
def info(picture: Picture) -> dict[str, int | float | str | bool | None]:
    """Read the picture's size, format, mode, frames, orientation and more from its header."""
    width, height = picture.size
    header = picture.header
    picture.at_least(1, 1)  # a damaged picture has a header too
    return {
        "width": width,
        "height": height,
        "format": picture.format,
        "mode": picture.mode,
        "frames": picture.frames,
        "bytes": picture.bytes,
        "perimeter": 2 * (width + height),
        "orientation": header.orientation,
        "bit_depth": header.bit_depth,
        "has_alpha": header.has_alpha,
        "has_gps": header.has_gps,
        "dpi": header.dpi,
        "profile": header.profile,
        "duration_ms": header.duration_ms,
        "loops": header.loops,
    }

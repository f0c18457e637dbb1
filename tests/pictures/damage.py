"""A picture full of detail, and its JPEG after what disks, cards and broken transfers do to files."""

from functools import cache
from pathlib import Path

from PIL import Image

from tests.pictures.scene import saved

END = b"\xff\xd9"


@cache
def detailed() -> Image.Image:
    """Return a photo of 240 x 160."""
    with Image.open(Path(__file__).parent / "coffee.jpg") as photo:
        return photo.convert("RGB").resize((240, 160))


def cut(data: bytes, share: float) -> bytes:
    """Return the first part of a file, with the end marker of a JPEG."""
    return data[: round(len(data) * share)] + END


def zeroed(data: bytes, count: int, share: float = 0.6) -> bytes:
    """Return a file in which zeros took the place of some bytes."""
    at = round(len(data) * share)
    return data[:at] + bytes(count) + data[at + count :]


def cut_jpegs() -> dict[str, bytes]:
    """Return JPEGs that end properly, but before all pixels have come."""
    plain, fine = saved(detailed(), "JPEG", quality=90), saved(detailed(), "JPEG", quality=90, optimize=True)
    gray, full = saved(detailed().convert("L"), "JPEG"), saved(detailed(), "JPEG", subsampling=0)
    progressive = saved(detailed(), "JPEG", progressive=True)
    second_scan = progressive.index(b"\xff\xda", progressive.index(b"\xff\xda") + 2)
    middle = len(plain) // 2
    files = {"plain": cut(plain, 0.5), "fine": cut(fine, 0.7), "gray": cut(gray, 0.9), "full": cut(full, 0.97)}
    files |= {
        "progressive": progressive[: second_scan - 100] + END,
        "with a film": cut(plain, 0.5) + b"\0\0\0\x18ftypmp42" + plain,
        "with a hole": plain[:middle] + plain[middle + 500 :],
        "with zeros to the end": plain[:middle] + bytes(middle),
    }
    return {f"half a jpeg {name}": data for name, data in files.items()}


def damaged_jpegs() -> dict[str, bytes]:
    """Return JPEGs whose data is not what a camera wrote."""
    plain, full = saved(detailed(), "JPEG", quality=90), saved(detailed(), "JPEG", quality=90, subsampling=0)
    rows = saved(detailed(), "JPEG", quality=90, restart_marker_rows=1)
    first, third = rows.index(b"\xff\xd1"), rows.index(b"\xff\xd3")
    flat = saved(Image.new("RGB", (16, 16)), "JPEG", quality=90)
    start = plain.index(b"\xff\xda") + 14
    return {
        "jpeg with a strange marker": plain[: len(plain) // 2] + b"\xff\x37" + plain[len(plain) // 2 :],
        "jpeg with zeros": zeroed(plain, 300),
        "jpeg of full colours with zeros": zeroed(full, 100),
        "jpeg that lacks rows": rows[:first] + rows[third:],
        "jpeg with more data than pixels": flat[: flat.index(b"\xff\xda") + 14] + plain[start:],
    }

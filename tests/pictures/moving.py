"""Pictures that move, made by Pillow, and their frames as it shows them."""

from functools import cache
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw

KINDS = ("gif", "webp", "png")
TIMES = [70, 80, 0, 10, 250]
"""Milliseconds of each frame."""
SIZE = (96, 64)


@cache
def frames(mode: str = "RGB") -> list[Image.Image]:
    """Return five frames: a ball that moves over a ground, which is clear in `RGBA`, beside a bar that stays."""
    made = []
    for number in range(len(TIMES)):
        frame = Image.new("RGBA", SIZE, (250, 240, 90, 255) if mode == "RGB" else (0, 0, 0, 0))
        draw = ImageDraw.Draw(frame)
        draw.rectangle((4, 4, 14, 58), (20, 60, 200, 255))
        draw.ellipse((20 + 12 * number, 10 + 6 * number, 44 + 12 * number, 34 + 6 * number), (200, 30, 40, 255))
        made.append(frame.convert(mode))
    return made


@cache
def flat_frames(size: tuple[int, int] = (160, 90), count: int = 40) -> list[Image.Image]:
    """Return frames of a drawing of four colours: a ball that moves between two bars."""
    made, (width, height) = [], size
    for number in range(count):
        frame = Image.new("RGB", size, (240, 240, 230))
        draw = ImageDraw.Draw(frame)
        draw.rectangle((0, height // 9, width // 6, height // 2), (20, 60, 200))
        draw.rectangle((width // 3, height // 2, width // 2, height - 9), (30, 130, 60))
        left, top = number * (width - height // 3) // count, height // 3
        draw.ellipse((left, top, left + height // 3, top + height // 3), (200, 30, 40))
        made.append(frame)
    return made


@cache
def painted_frames() -> list[Image.Image]:
    """Return frames of a photo that moves."""
    with Image.open("tests/pictures/coffee.jpg") as photo:
        ground = photo.resize((360, 240))
    return [ground.crop((3 * number, number, 3 * number + 160, number + 90)) for number in range(40)]


def moving(kind: str, images: list[Image.Image] | None = None, **options: Any) -> bytes:
    """Return a file that moves: the five frames, or others, three times."""
    first, *others = images or frames()
    times = TIMES if len(others) + 1 == len(TIMES) else 50
    clears = 2 if first.mode == "RGBA" else 1
    of_kind: dict[str, dict[str, Any]] = {"gif": {"disposal": clears}, "webp": {"lossless": True, "exact": True}}
    out = BytesIO()
    saved: dict[str, Any] = {
        "save_all": True,
        "append_images": others,
        "duration": times,
        "loop": 2 if kind == "gif" else 3,
    }
    first.save(out, kind, **saved | of_kind.get(kind, {}) | options)
    return out.getvalue()


def shown(data: bytes) -> list[Image.Image]:
    """Return the frames of a file as Pillow shows them, on gray."""
    file, found = Image.open(BytesIO(data)), []
    for number in range(getattr(file, "n_frames", 1)):
        file.seek(number)
        found.append(on_gray(file))
    return found


def on_gray(image: Image.Image) -> Image.Image:
    """Return what is seen of a picture on a gray page."""
    page = Image.new("RGBA", image.size, "gray")
    return Image.alpha_composite(page, image.convert("RGBA")).convert("RGB")


def times(data: bytes) -> list[int]:
    """Return the milliseconds of each frame as Pillow reads them."""
    file, found = Image.open(BytesIO(data)), []
    for number in range(getattr(file, "n_frames", 1)):
        file.seek(number)
        file.load()
        found.append(round(file.info.get("duration", 0)))
    return found

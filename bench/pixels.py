"""Measure the CPU time of the picture ops, compared with plain Pillow and with libvips.

    VIPS_CONCURRENCY=1 PYTHONPATH=.:functions:layers/core uv run --group bench python -m bench.pixels

CPU milliseconds (user + system) from bytes to bytes. The rounds alternate between the three, and the least value of
each counts, so that other load on the machine affects all of them equally. PSNR compares with the exact result (every
pixel decoded, then the op), both encoded without loss.
"""

import math
import time
from collections.abc import Callable
from importlib import import_module
from io import BytesIO
from typing import Any

from PIL import Image, ImageChops, ImageFilter, ImageOps, ImageStat

from tests.ops.running import run
from tests.pictures.large import large_photo

pyvips: Any = import_module("pyvips")  # untyped, and only in the group `bench`

ROUNDS = 5
Converter = Callable[[bytes], bytes]


def ours(op: str, **params: Any) -> Converter:
    """Return the op as its worker runs it."""
    return lambda data: run(op, data, **params).data


def plain(work: Callable[[Image.Image], Image.Image], kind: str) -> Converter:
    """Return the work in plain Pillow: open, orient, do it, save."""
    return lambda data: _save(work(ImageOps.exif_transpose(Image.open(BytesIO(data)))), kind, quality=85)


def vips(work: Callable[[bytes], Any], kind: str) -> Converter:
    """Return the work in libvips, on one thread, as the worker has."""
    settings = {"JPEG": {"Q": 85}, "PNG": {"compression": 2}, "WEBP": {"Q": 80, "effort": 2}}[kind]
    suffix = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"}[kind]
    return lambda data: work(data).write_to_buffer(suffix, **settings)


def _save(picture: Image.Image, kind: str, **settings: Any) -> bytes:
    out = BytesIO()
    picture.save(out, kind, **settings)
    return out.getvalue()


def _load(data: bytes, access: str = "sequential") -> Any:
    return pyvips.Image.new_from_buffer(data, "", access=access)


def _within(picture: Image.Image, side: int) -> Image.Image:
    copy = picture.copy()
    copy.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=None)
    return copy


def converters(kind: str) -> dict[str, tuple[Converter, Converter, Converter]]:
    """Return name of the work -> our op, plain Pillow, libvips."""
    lanczos = Image.Resampling.LANCZOS
    table = {
        "thumbnail 256": (
            ours("thumbnail", format=kind.lower()),
            plain(lambda picture: _within(picture, 256), kind),
            vips(lambda data: pyvips.Image.thumbnail_buffer(data, 256, height=256), kind),
        ),
        "resize 200x200": (
            ours("resize", width=200, height=200, format=kind.lower()),
            plain(lambda picture: picture.resize((200, 200), lanczos), kind),
            vips(lambda data: pyvips.Image.thumbnail_buffer(data, 200, height=200, size="force"), kind),
        ),
        "fit 1600": (
            ours("thumbnail", width=1600, height=1600, format=kind.lower()),
            plain(lambda picture: _within(picture, 1600), kind),
            vips(lambda data: pyvips.Image.thumbnail_buffer(data, 1600, height=1600, size="down"), kind),
        ),
        "grayscale": (
            ours("grayscale", format=kind.lower()),
            plain(lambda picture: picture.convert("L"), kind),
            vips(lambda data: _load(data).colourspace("b-w"), kind),
        ),
        "rotate90": (
            ours("rotate90", format=kind.lower()),
            plain(lambda picture: picture.rotate(-90, expand=True), kind),
            vips(lambda data: _load(data, "random").rot90(), kind),
        ),
        "to WebP": (
            ours("convert", format="webp"),
            lambda data: _save(Image.open(BytesIO(data)), "WEBP", quality=80),
            vips(_load, "WEBP"),
        ),
    }
    for radius in (2, 4, 16):
        table[f"blur {radius}"] = (
            ours("blur", radius=radius, format=kind.lower()),
            plain(lambda picture, radius=radius: picture.filter(ImageFilter.GaussianBlur(radius)), kind),  # type: ignore[misc]
            vips(lambda data, radius=radius: _load(data).gaussblur(radius, min_ampl=0.02), kind),  # type: ignore[misc]
        )
    return table


def cpu_milliseconds(convert: Converter, data: bytes) -> float:
    """Return the CPU milliseconds of one run, with those of its threads."""
    before = time.process_time()
    convert(data)
    return (time.process_time() - before) * 1000


def psnr(one: bytes, other: bytes) -> float:
    """Return the peak signal-to-noise ratio of two pictures, in dB."""
    pictures = [Image.open(BytesIO(data)) for data in (one, other)]
    statistics = ImageStat.Stat(ImageChops.difference(*(picture.convert("RGB") for picture in pictures)))
    error = sum(statistics.sum2) / sum(statistics.count)
    return 10 * math.log10(255**2 / error) if error else math.inf


def main() -> None:
    """Print the table."""
    pyvips.cache_set_max(0)
    for kind, width, height in (("JPEG", 4032, 3024), ("JPEG", 2048, 1536), ("JPEG", 880, 584), ("PNG", 2048, 1536)):
        data = large_photo(width, height, kind)
        print(f"\n{kind} {width * height / 1e6:.1f} MP, {len(data) / 1e6:.1f} MB")
        print(f"{'':16}{'ours':>8}{'Pillow':>8}{'pyvips':>8}{'PSNR of ours':>15}{'of pyvips':>11}")
        lossless = converters("PNG")
        for name, competitors in converters(kind).items():
            rounds = [[cpu_milliseconds(convert, data) for convert in competitors] for _ in range(ROUNDS)]
            least = "".join(f"{min(column):8.1f}" for column in zip(*rounds, strict=True))
            own, exact, other = (convert(data) for convert in lossless[name])
            print(f"{name:16}{least}{psnr(own, exact):15.1f}{psnr(other, exact):11.1f}")


if __name__ == "__main__":
    main()

"""Run an op on a picture, on each frame of one that moves, and encode what it returns."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any

import msgspec
from PIL.Image import Image

from umbel_core.op import Encoding
from umbel_core.settings import Limits
from worker import codecs_animation
from worker.codecs_animation import MOST_READ, MOST_WRITTEN, dropped, too_many
from worker.codecs_colour import eight_bits, srgb
from worker.codecs_frames import Shown
from worker.codecs_out import Encoded, Made, encode, format_of
from worker.pictures import StoredPicture

Op = Callable[[StoredPicture], Image]


class UnevenError(Exception):
    """Raised when an op made frames of different sizes, which cannot be one picture."""


def made(op: Op, source: Any, params: Mapping[str, Any], limits: Limits) -> Encoded:
    """Encode what an op returns, in the format of its parameters, else in the format of its input.

    A picture that moves keeps its frames, if that is possible; else the result has the first one, and a warning.
    """
    wanted = Encoding(format=params.get("format"), quality=params.get("quality"), animated=params.get("animated", True))
    if not isinstance(source, StoredPicture):
        return encode(op(source), wanted, Made(format="png"), limits)
    made_from = Made(format=source.format, drawing=source.mode == "P", colours=source.colours)
    reason, frames = _still(source, wanted), source.frames
    if reason is None:
        results = map(op, source.each_frame())
        first = next(results)
        name = format_of(first, wanted, made_from, limits)
        reason = too_many(frames, first.size, MOST_WRITTEN[name])
        if reason is None:
            try:
                return _moving(chain([first], results), source, name, wanted, limits)
            except UnevenError:
                reason = "the op made them different in size"
    still = encode(op(source), wanted, made_from, limits)
    if frames == 1:
        return still
    what = "pages" if source.format == "tiff" else "frames"
    return msgspec.structs.replace(still, warnings=(*still.warnings, dropped(frames, reason, what)))


def _still(source: StoredPicture, wanted: Encoding) -> str | None:
    """Return why only the first frame is processed, as far as that is known before; None when all are."""
    if not source.motion:
        return "only the first full one is read"
    if not wanted.animated:
        return "animated is false"
    if wanted.format and wanted.format not in MOST_WRITTEN:
        return f"{wanted.format.upper()} does not move"
    return too_many(source.frames, source.size, MOST_READ)


def _moving(results: Iterator[Image], source: StoredPicture, name: str, wanted: Encoding, limits: Limits) -> Encoded:
    """Return the results of all frames as one file."""
    assert source.motion
    motion = source.motion
    of_part, like = msgspec.structs.replace(wanted, format=name), Made(format=name)
    sizes: list[tuple[int, int]] = []

    def shown() -> Iterator[Shown]:
        for image, milliseconds in zip(results, motion.milliseconds, strict=False):
            sizes.append(image.size)
            if image.size != sizes[0]:
                raise UnevenError
            yield srgb(eight_bits(image), None), milliseconds

    def part(image: Image) -> bytes:
        return encode(image, of_part, like, limits).data

    data = codecs_animation.write(name, shown(), motion.plays, source.colours, part)
    return Encoded.of(data, name, sizes[0], frames=len(sizes))

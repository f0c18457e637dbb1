"""Run an op on a picture, on each frame of one that moves, and encode what it returns."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any

import msgspec
from PIL.Image import Image

from umbel_core.contract.warnings import ResultWarning
from umbel_core.encoding import AUTO_MOVING, Encoding, effective_in, encoding_of, without_effect
from umbel_core.errors import Rejected
from umbel_core.settings import Limits
from worker.codecs import animation
from worker.codecs.animation import MOST_READ, MOST_WRITTEN, MOVING, dropped, too_many
from worker.codecs.colour import eight_bits, srgb
from worker.codecs.frames import Motion, Shown, Whole
from worker.codecs.metadata import kept
from worker.codecs.palette import MOST_COLOURS
from worker.codecs.settings import settings_of
from worker.codecs.size_search import MOST_ENCODINGS, best_under, colours_curve, quality_curve
from worker.codecs.writing import (
    FEWEST_COLOURS,
    Encoded,
    Made,
    check_size,
    encode,
    formats_of,
    indexed_png,
    largest_side,
)
from worker.pictures import StoredPicture

_EFFORT = 4
"""How many times as long an encoder takes, at most, with the parameters `effort` and `lossless`."""
Op = Callable[[StoredPicture], Image]


class StillError(Exception):
    """Raised when a result can have only the first frame; says why."""


def made(op: Op, source: Any, params: Mapping[str, Any], limits: Limits) -> Encoded:
    """Encode what an op returns, in the format of its parameters, else in the format of its input.

    A picture that moves keeps its frames, if that is possible; else the result has the first one, and a warning. So it
    does for each parameter that has no effect in the format of the input; one without an effect in the format that was
    asked for was refused with the request.
    """
    wanted = encoding_of(params)
    encoded = _made(op, source, wanted, limits)
    idle = [
        ResultWarning(code="no_effect", message=f"The parameter {name} {reason}.")
        for name, reason in without_effect(params, encoded.format).items()
    ]
    return msgspec.structs.replace(encoded, warnings=(*encoded.warnings, *idle))


def _made(op: Op, source: Any, wanted: Encoding, limits: Limits) -> Encoded:
    if not isinstance(source, StoredPicture):
        return encode(op(source), wanted, Made(format="png", colours=MOST_COLOURS), limits)
    made_from = Made(format=source.format, colours=source.colours, exif=kept(source.file, wanted))
    try:
        return _Moving(op, source, wanted, made_from, limits).encoded()
    except StillError as error:
        still = encode(op(source), wanted, made_from, limits)
        if source.frames == 1:
            return still
        what = "pages" if source.format == "tiff" else "frames"
        warning = dropped(source.frames, str(error), what)
        return msgspec.structs.replace(still, warnings=(*still.warnings, warning))


class _Moving:
    """Runs an op on all frames of a picture and encodes the results as one file, once or several times."""

    def __init__(self, op: Op, source: StoredPicture, wanted: Encoding, made_from: Made, limits: Limits) -> None:
        self._op, self._source, self._limits = op, source, limits
        self._wanted, self._made_from = wanted, made_from
        self._times = 1 if wanted.max_bytes is None else MOST_ENCODINGS
        if wanted.effort is not None or wanted.lossless:
            self._times *= _EFFORT
        self._begun: Iterator[Image] | None = None
        """The results, of which the first one was needed to choose the format."""

    def encoded(self) -> Encoded:
        """Return the file, the smallest one with `auto`; raise `StillError` when it can have only one frame."""
        self._check()
        results = self._results()
        names, most = self._names(first := next(results)), self._wanted.max_bytes
        self._begun = chain([first], results)
        del first
        if len(names) > 1:
            smallest = min(map(self._write, names), key=lambda encoded: len(encoded.data))
            if most is None or len(smallest.data) <= most:
                return smallest
            names = [smallest.format]
        if most is None:
            return self._write(names[0])
        try:
            return self._write_under(names[0], most)
        except Rejected as error:
            if error.code != "result_too_large":
                raise
            raise StillError(f"with all of them, it has more than {most:,} bytes") from error

    def _check(self) -> None:
        wanted, source = self._wanted, self._source
        if not source.motion or len(source.motion.parts) == 1:
            raise StillError("only the first full one is read" if source.format == "tiff" else "only the first is read")
        if not wanted.animated:
            raise StillError("animated is false")
        if wanted.format not in (None, "auto", *MOVING):
            raise StillError(f"{str(wanted.format).upper()} does not move")
        if reason := too_many(len(self._motion.parts), source.size, MOST_READ, self._times):
            raise StillError(reason)

    def _write_under(self, name: str, most: int) -> Encoded:
        if name == "png":
            whole = self._write(name)
            if len(whole.data) > most:
                raise StillError(f"with all of them, it has more than {most:,} bytes")
            return whole
        made: dict[int, Encoded] = {}

        def at(level: int) -> bytes:
            made[level] = self._write(name, level)
            return made[level].data

        if name == "gif":
            colours, _ = best_under(most, FEWEST_COLOURS, MOST_COLOURS, at, colours_curve)
            return msgspec.structs.replace(made[colours], chosen={"colours": colours})
        highest = settings_of(name, self._wanted, 0)["quality"]
        quality, _ = best_under(most, 1, highest, at, quality_curve(name))
        return msgspec.structs.replace(made[quality], chosen={"quality": quality})

    def _write(self, name: str, level: int | None = None) -> Encoded:
        """Return the file; `level` is the quality of a WebP, or the number of a GIF's colours."""
        results, self._begun = self._begun or self._results(), None
        first = next(results)
        count = 0

        def shown() -> Iterator[Shown]:
            nonlocal count
            for image, milliseconds in zip(chain([first], results), self._motion.milliseconds, strict=False):
                if image.size != first.size:
                    raise StillError("the op made them different in size")
                count += 1
                yield srgb(eight_bits(image), None), milliseconds

        changed = {"format": name, "max_bytes": None, "animated": False}
        quality = {"quality": level} if level and name == "webp" else {}
        of_part = msgspec.structs.replace(self._wanted, **changed, **quality)
        whole = Whole(self._motion.plays, self._made_from.exif, self._source.colours, level or MOST_COLOURS)

        def part(image: Image) -> bytes:
            if image.mode == "P":
                return indexed_png(image, of_part)
            return encode(image, of_part, Made(format=name), self._limits).data

        data = animation.write(name, shown(), whole, part)
        if count == 1:
            raise StillError("the second one is damaged")
        return Encoded.of(data, name, first.size, frames=count)

    def _results(self) -> Iterator[Image]:
        return map(self._op, self._source.each_frame())

    @property
    def _motion(self) -> Motion:
        assert self._source.motion
        return self._source.motion

    def _names(self, first: Image) -> list[str]:
        """Return the formats of which the smallest result is wanted; `first` is the first one's picture."""
        if self._wanted.format == "auto":
            names = self._candidates(first)
        else:
            names = formats_of(first, self._wanted, self._made_from, self._limits)
        if names == ["png"] and self._wanted.palette:
            sentence = "params.palette has no effect in a PNG that moves. Choose animated=false, or leave it out."
            raise Rejected("invalid_params", sentence, ("params", "palette"))
        if reason := self._too_many(first, self._times):
            raise StillError(reason)
        return names if not self._too_many(first, self._times + len(names) - 1) else names[:1]

    def _candidates(self, first: Image) -> list[str]:
        """Return the formats that `auto` chooses from: a GIF only of what has few colours, and no soft edges."""
        check_size(*first.size, self._limits)
        drawn = self._source.format == "gif" or self._source.colours or self._wanted.palette
        soft = first.mode.endswith("A") and any(first.getchannel("A").histogram()[1:-1])
        able = AUTO_MOVING if drawn and not soft else AUTO_MOVING[:1]
        names = [name for name in able if max(first.size) <= largest_side(name)]
        if not names:
            raise StillError(f"with a side of {max(first.size)} pixels, no format of `auto` moves")
        return effective_in(msgspec.structs.asdict(self._wanted), tuple(names)) or names

    def _too_many(self, first: Image, times: int) -> str | None:
        """Return why the frames, and results like the first one, cannot be made so many times; None when they can."""
        frames = len(self._motion.parts)
        reading = too_many(frames, self._source.size, MOST_READ, times)
        return reading or too_many(frames, first.size, MOST_WRITTEN, times)

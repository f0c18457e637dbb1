"""Pictures that move: which files do, and how their results are written."""

from collections.abc import Callable, Iterable

from PIL.Image import Image

from umbel_core.contract.warnings import ResultWarning
from umbel_core.settings import exact_megapixels
from worker.codecs import apng, gif, gif_out, webp
from worker.codecs.frames import Motion, Shown, Whole, fills

_READ: dict[str, Callable[[bytes], Motion | None]] = {
    "gif": gif.read,
    "png": apng.read,
    "webp": webp.read,
}
MOST_READ = 120_000_000
"""Pixels of all frames together, as they are decoded and made smaller: 25 ns each."""
MOST_FRAMES = 3_000
"""Reading and writing a frame takes up to a millisecond, however small it is."""
MOST_OF_ONE = 16_000_000
"""Pixels of one frame: several copies of it are held."""
MOST_WRITTEN = 55_000_000
"""Pixels of all frames of a result. A GIF takes the most time, 115 ns each, so that it is ready in 6.5 seconds."""
MOVING = tuple(_READ)


def motion(kind: str, data: bytes, size: tuple[int, int]) -> Motion | None:
    """Return the frames of a file of this format; None when it has one picture, or the first frame is not whole.

    One picture is a frame too if it does not fill the size, so that it has transparent margins, or if the file has
    another one in its place.
    """
    read = _READ.get(kind)
    found = read(data) if read else None
    if not found or not found.parts:
        return None
    return found if found.moves or found.has_stand_in or not fills(found, size) else None


def moves(found: Motion, size: tuple[int, int]) -> bool:
    """Return whether all frames are decoded."""
    return not too_many(len(found.parts), size, MOST_READ)


def too_many(frames: int, size: tuple[int, int], most: int, times: int = 1) -> str | None:
    """Return why so many frames of this size cannot move; None when they can. They may be needed several times."""
    of_one, of_all, most = size[0] * size[1], frames * size[0] * size[1], most // times
    if frames > MOST_FRAMES // times:
        return f"there are {frames:,}, and at most {MOST_FRAMES // times:,} are kept moving"
    if of_all > most:
        found, allowed = f"all together have {exact_megapixels(of_all)}", exact_megapixels(most)
    elif of_one > MOST_OF_ONE:
        found, allowed = f"each has {exact_megapixels(of_one)}", exact_megapixels(MOST_OF_ONE)
    else:
        return None
    return f"with {size[0]} x {size[1]} pixels, {found}, and at most {allowed} are kept moving"


def incomplete(found: Motion) -> list[ResultWarning]:
    """Return the warning about a file that ends before its last frame."""
    whole = len(found.parts)
    if whole >= found.expected:
        return []
    return [_missing(f"Data of the file is missing; the result has the first {whole} of {found.expected} frames.")]


def damaged(number: int, frames: int) -> ResultWarning:
    """Return the warning about a frame, counted from 0, that cannot be decoded."""
    return _missing(f"Frame {number + 1} of {frames} is damaged; the result has the {number} before it.")


def dropped(frames: int, reason: str, what: str = "frames") -> ResultWarning:
    """Return the warning about a result of the first frame alone."""
    verb = "was" if frames == 2 else "were"
    return ResultWarning(code="frames_dropped", message=f"{frames - 1} of {frames} {what} {verb} dropped: {reason}.")


def _missing(message: str) -> ResultWarning:
    return ResultWarning(code="data_missing", message=message)


def write(name: str, frames: Iterable[Shown], whole: Whole, encode: Callable[[Image], bytes]) -> bytes:
    """Return a file that moves; `encode` makes a file of a part of a frame, in the same format."""
    if name == "gif":
        return gif_out.write(frames, whole)
    return (apng.write if name == "png" else webp.write)(frames, whole, encode)

"""A picture that libvips computes when its pixels are needed, so that steps follow each other without copies."""

from collections.abc import Callable
from typing import Any

from PIL.Image import Image, frombytes


class Pending(Image):
    """Pillow's picture, as everyone sees it. Until someone asks for its pixels, it is only the steps of libvips.

    The next step and an encoder take these steps instead of the pixels, and a few rows at a time are in memory. What
    libvips cannot compute, for damage or for want of memory, Pillow does.
    """

    def __init__(self, steps: Any, mode: str, by_pillow: Callable[[], Image]) -> None:
        super().__init__()
        self._mode, self._size = mode, (steps.width, steps.height)
        self.steps: Any = steps
        """A `pyvips.Image`; None when the pixels are there. Those of a file can be computed only once."""
        self._by_pillow: Callable[[], Image] | None = by_pillow

    @property
    def im(self) -> Any:
        """The pixels."""
        if self._by_pillow:
            self._im = (_computed(self.steps, self.mode) or self._by_pillow()).im
            self.steps = self._by_pillow = None
        return self._im

    @im.setter
    def im(self, im: Any) -> None:
        self._im = im

    def load(self) -> Any:
        """Compute the pixels."""
        self.im  # noqa: B018 - it computes them
        return super().load()


def steps_of(image: Image) -> Any:
    """Return the steps of a picture whose pixels are not computed yet, else None."""
    return image.steps if isinstance(image, Pending) else None


def part_of(image: Image, box: tuple[int, int, int, int]) -> Image:
    """Return a part of a picture of which nothing else is needed.

    All below it is computed as well, so that damage is found there, but the whole is not kept.
    """
    left, top, right, bottom = box
    steps = steps_of(image)
    rows = _bytes(steps.crop(left, top, right - left, image.height - top)) if steps else None
    if rows is None:
        return image.crop(box)
    size = right - left, bottom - top
    return frombytes(image.mode, size, memoryview(rows)[: size[0] * size[1] * len(image.getbands())])


def _computed(steps: Any, mode: str) -> Image | None:
    pixels = _bytes(steps)
    return None if pixels is None else frombytes(mode, (steps.width, steps.height), pixels)


def _bytes(steps: Any) -> Any:
    """Return the pixels that libvips computes; None when it cannot."""
    from pyvips import Error  # noqa: PLC0415 - where there are steps, it is loaded

    try:
        return steps.write_to_memory()
    except Error:
        return None

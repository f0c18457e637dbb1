"""The same picture in another format."""

from typing import Annotated

from PIL.Image import Image

from umbel_core.op import Bounds, Format, op


@op(memory_mb=1769)
def convert(picture: Image, *, format: Annotated[Format, Bounds(description="Format of the result")]) -> Image:  # noqa: A002, ARG001 - the contract's word; the worker encodes
    """Save the picture in another format."""
    return picture

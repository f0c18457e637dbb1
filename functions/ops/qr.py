"""A QR code."""

from typing import Annotated, Literal

import segno
from PIL import Image

from umbel_core.errors import Rejected
from umbel_core.op import Bounds, op

Text = Annotated[str, Bounds(min_length=1, max_length=7089)]
Pixels = Annotated[int, Bounds(ge=21, le=4096, description="Sides of the picture, in pixels")]
Border = Annotated[int, Bounds(ge=0, le=32, description="Least white margin, in modules; scanners expect 4")]
ErrorCorrection = Annotated[
    Literal["low", "medium", "quartile", "high"],
    Bounds(description="How much may be covered and still be read: 7, 15, 25 or 30 %"),
]


@op(memory_mb=512, needs=("segno",))
def qr(
    text: Text, *, size: Pixels = 512, border: Border = 4, error_correction: ErrorCorrection = "medium"
) -> Image.Image:
    """Draw the text as a QR code.

    A module is a whole number of pixels, so that all are of one size; what is left of `size` widens the margin.
    """
    try:
        code = segno.make_qr(text, error=error_correction[0], boost_error=False)
    except segno.DataOverflowError as error:
        raise Rejected(
            "input_too_large", f"No QR code carries {len(text)} characters with {error_correction} error correction."
        ) from error
    modules = len(code.matrix)
    scale = size // (modules + 2 * border)
    if scale == 0:
        raise Rejected(
            "invalid_params", f"This text takes at least {modules + 2 * border} pixels; ask for a larger size."
        )
    drawn = Image.frombytes("L", (modules, modules), bytes(255 * (1 - dark) for row in code.matrix for dark in row))
    picture = Image.new("L", (size, size), "white")
    margin = (size - modules * scale) // 2
    picture.paste(drawn.resize((modules * scale, modules * scale), Image.Resampling.NEAREST), (margin, margin))
    return picture

"""A page of a PDF as a picture."""

from typing import Annotated

import pypdfium2
from PIL.Image import Image

from umbel_core.errors import Rejected
from umbel_core.op import Bounds, op

Page = Annotated[int, Bounds(ge=1, le=100_000, description="Number of the page; the first one is 1")]
Dpi = Annotated[float, Bounds(ge=10, le=600, description="Pixels per inch; without it and `width`, 150")]
Width = Annotated[int, Bounds(ge=16, le=16384, description="Pixels; the height follows from the page's shape")]
_POINTS = 72
"""An inch has so many points, in which a PDF measures."""
_MOST_PIXELS = 50_000_000
"""PDFium draws into four bytes for each pixel, beside the picture that is encoded."""
_ERROR_OF_PASSWORD = 4
"""PDFium's FPDF_ERR_PASSWORD."""


@op(memory_mb=1769, needs=("pypdfium2",))
def pdf(document: bytes, *, page: Page = 1, dpi: Dpi | None = None, width: Width | None = None) -> Image:
    """Draw a page of a PDF on white."""
    if dpi and width:
        raise Rejected("invalid_params", "params: only one of dpi and width has an effect; leave out the other.")
    with _opened(document) as opened:
        if page > len(opened):
            raise Rejected("invalid_params", f"params.page: there is no page {page}; the PDF has {len(opened)}.")
        try:
            found = opened[page - 1]
            points = found.get_size()
        except pypdfium2.PdfiumError as error:
            raise Rejected("broken_picture", f"Page {page} of the PDF is damaged. Save the PDF again.") from error
        scale = (width - 0.01) / points[0] if width else (dpi or 150) / _POINTS  # the sides are rounded up
        sides = [points[0] * scale, points[1] * scale]
        if sides[0] * sides[1] > _MOST_PIXELS:
            size = f"{sides[0]:.0f} x {sides[1]:.0f} pixels; at most {_MOST_PIXELS // 10**6} MP are drawn"
            raise Rejected("result_too_large", f"The page would be {size}. Choose a smaller dpi or width.")
        return found.render(scale=scale, rev_byteorder=True).to_pil()


def _opened(document: bytes) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(document)
    except pypdfium2.PdfiumError as error:
        if error.err_code == _ERROR_OF_PASSWORD:
            sentence = "The PDF opens only with a password. Save it without one and upload it again."
            raise Rejected("unsupported_format", sentence) from error
        raise Rejected("broken_picture", "The file is not a PDF, or is damaged. Save the PDF again.") from error

"""A smaller picture."""

from PIL.Image import Image

from umbel_core.op import Picture, op
from umbel_imaging.colours import Background
from umbel_imaging.fitting import Dpr, Enlarge, Fit, Focus, Gravity, Side, fitted, wanted

SIDE = 256
"""Pixels. Width and height when neither is given."""


@op(memory_mb=1769)
def thumbnail(
    picture: Picture,
    *,
    width: Side | None = None,
    height: Side | None = None,
    fit: Fit = "inside",
    gravity: Gravity | None = None,
    focus: Focus | None = None,
    background: Background | None = None,
    enlarge: Enlarge = False,
    dpr: Dpr = 1.0,
) -> Image:
    """Fit the picture into width x height, or into 256 x 256; do not enlarge it unless asked to."""
    if width is None and height is None:
        width = height = SIDE
    want = wanted(width, height, dpr, fit, enlarge=enlarge)
    return fitted(picture, want, gravity=gravity, focus=focus, background=background)

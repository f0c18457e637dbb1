"""The picture at another size."""

from PIL.Image import Image

from umbel_core.op import Picture, op
from umbel_imaging.colours import Background
from umbel_imaging.fitting import Dpr, Enlarge, Fit, Focus, Gravity, Side, fitted, wanted


@op(memory_mb=1769, one_of=("width", "height"))
def resize(
    picture: Picture,
    *,
    width: Side | None = None,
    height: Side | None = None,
    fit: Fit = "fill",
    gravity: Gravity | None = None,
    focus: Focus | None = None,
    background: Background | None = None,
    enlarge: Enlarge = True,
    dpr: Dpr = 1.0,
) -> Image:
    """Make the picture exactly width x height, or fit it into that size in other ways."""
    want = wanted(width, height, dpr, fit, enlarge=enlarge)
    return fitted(picture, want, gravity=gravity, focus=focus, background=background)

"""The limits that the context in `cdk.json` can set, with their bounds; checked at synth, read by the functions."""

from typing import Annotated

import msgspec

from umbel_core.errors import Rejected
from umbel_core.op import Bounds


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The limits that the coordinator, the API and the workers share."""

    max_upload_bytes: Annotated[int, Bounds(ge=1024, le=5_000_000_000, description="Largest picture file")] = 50_000_000
    max_pixels: Annotated[int, Bounds(ge=10_000, le=100_000_000, description="Largest picture: width x height")] = (
        100_000_000
    )
    """The most is what a lane holds of a JPEG or a PNG; `worker/memory.py` has less for the other formats."""
    max_tasks: Annotated[int, Bounds(ge=1, le=40_000, description="Most tasks in one job")] = 10_000
    """The most is what one attempt of the coordinator can publish to a FIFO topic (`NEEDED_MS` in its handler)."""
    live_tasks: Annotated[
        int, Bounds(ge=0, le=100_000, description="A job with more tasks is bulk, unless its request says live")
    ] = 20
    retention_days: Annotated[
        int, Bounds(ge=1, le=3650, description="How long uploads, results and the ledger are kept")
    ] = 30
    allowed_addresses: Annotated[
        str,
        Bounds(max_length=1000, description="Private addresses that may be fetched from, such as `10.1.0.0/16:443`"),
    ] = ""
    user_agent: Annotated[
        str,
        Bounds(min_length=1, max_length=300, pattern=r"^[!-~]([ -~]*[!-~])?$", description="Who fetches, with a URL"),
    ] = "Mozilla/5.0 (compatible; umbel/0.1)"


def megabytes(size: int) -> str:
    """Return a size in readable form: `52.4 MB`."""
    return f"{size / 1_000_000:.1f} MB" if size >= 100_000 else f"{size / 1000:.1f} kB"


def exact_megapixels(pixels: float) -> str:
    """Return a number of pixels without rounding it, so that one above a limit never reads like the limit."""
    return f"{pixels / 1e6:.6f}".rstrip("0").rstrip(".") + " MP"


def too_large(size: int, most: int) -> Rejected:
    """Return the error for a picture's file over the limit."""
    return Rejected(
        "too_large",
        f"The file has {megabytes(size)}; at most {megabytes(most)} are taken. Scale it down and try again.",
    )

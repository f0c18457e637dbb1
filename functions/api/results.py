"""A result's file: as a redirect to S3, or as bytes."""

from typing import Any

from api.routing import File, Redirect
from api.wiring import results
from umbel_core.contract.limits import MAX_STREAMED_BYTES
from umbel_core.errors import Rejected
from umbel_core.settings import megabytes


def result_file(result: dict[str, Any], *, redirect: bool) -> Redirect | File:
    """Return the answer for a result that has a `key`: a redirect, or the bytes.

    The bytes are for clients that do not follow redirects; `Rejected` when they are too many for one answer.
    """
    if redirect:
        return Redirect(results().link(result["key"]))
    if result["bytes"] > MAX_STREAMED_BYTES:
        raise Rejected(
            "result_too_large",
            f"The result has {megabytes(result['bytes'])}; an answer carries at most {megabytes(MAX_STREAMED_BYTES)}. "
            "Ask without redirect=0 and follow the redirect.",
            ("redirect",),
        )
    return File(results().read(result["key"]), result["content_type"], name=result["key"].rpartition("/")[2])

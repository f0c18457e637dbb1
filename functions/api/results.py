"""A result's file: as a redirect to S3, or as bytes."""

from typing import Any

from api.routing import File, Redirect
from api.wiring import results
from umbel_core.contract.limits import MAX_STREAMED_BYTES
from umbel_core.errors import Rejected
from umbel_core.settings import megabytes


def result_file(result: dict[str, Any], *, redirect: bool) -> Redirect | File:
    """Return what answers with a result that has a `key`.

    Without `redirect` the bytes themselves, for clients that do not follow one, as far as an answer can carry them.
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

"""Sizes and prefixes that the API and its clients need. The API publishes them, so no client repeats them."""

from umbel_core.contract.requests import MAX_GROUP_LENGTH, MAX_WORKERS
from umbel_core.contract.responses import PublishedLimits
from umbel_core.ids import INPUTS_PREFIX, JOBS_PREFIX, UPLOADS_PREFIX
from umbel_core.input_types import MAX_URL_LENGTH
from umbel_core.settings import Limits

MAX_REQUEST_BYTES = 6_000_000
"""Lambda's limit for one request. A local engine accepts more, but what works there must also work on AWS."""
MAX_INLINE_PICTURE_BYTES = 4_400_000
"""A picture of this size fits into a request: base64 makes four bytes of three, and the JSON around it needs room."""
MAX_STREAMED_BYTES = 4_400_000
"""A file of this size fits into a Lambda's answer, which is base64 as well."""
MAX_ANSWER_BYTES = 6_000_000
"""What a Lambda may answer. The body is a text inside a JSON document: its quotes and backslashes count twice."""
KEPT_VARIANTS = 32
"""A job of at most this many tasks carries their results, so that a list of jobs shows pictures in one read."""


def published(limits: Limits) -> PublishedLimits:
    """The limits of a deployment as the page's configuration and the OpenAPI document show them."""
    return PublishedLimits(
        max_upload_bytes=limits.max_upload_bytes,
        max_pixels=limits.max_pixels,
        max_tasks=limits.max_tasks,
        max_request_bytes=MAX_REQUEST_BYTES,
        max_inline_picture_bytes=MAX_INLINE_PICTURE_BYTES,
        max_streamed_bytes=MAX_STREAMED_BYTES,
        kept_variants=KEPT_VARIANTS,
        max_url_length=MAX_URL_LENGTH,
        max_store_id_length=MAX_GROUP_LENGTH,
        max_crawl_workers=MAX_WORKERS,
        uploads_prefix=UPLOADS_PREFIX,
        jobs_prefix=JOBS_PREFIX,
        inputs_prefix=INPUTS_PREFIX,
    )

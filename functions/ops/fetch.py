"""A page of the web."""

import time
from typing import Annotated

from umbel_core.errors import Rejected
from umbel_core.op import Bounds, Url, op
from umbel_fetching import fetcher
from umbel_fetching.busy import LONGEST_WAIT, host_busy
from umbel_fetching.title import title

Seconds = Annotated[float, Bounds(ge=1, le=10, description="Longest wait for the whole page, redirects included")]


@op(memory_mb=512, timeout_seconds=30, concurrency=8, batch=10, ordered=True, effects=True, serves="crawl")
def fetch(url: Url, *, seconds: Seconds = 10) -> dict[str, int | str | None]:
    """Fetch a page's status, title, size and time.

    Every URL gives a page: one that could not be fetched has status 0 and the reason's code as `error`. A host that
    asks to be called again within a minute (429 or 503, `Retry-After`) is called again; its last answer is the page.
    """
    start = time.perf_counter()
    answer: dict[str, int | str | None]
    wait = None
    try:
        page = fetcher.fetch(url, seconds=seconds)
    except Rejected as reason:
        answer = {"url": url, "status": 0, "title": None, "bytes": 0, "error": reason.code}
    else:
        answer = {"url": url, "status": page.status, "title": title(page), "bytes": len(page.body)}
        wait = page.retry_after
    answer |= {"took_ms": round((time.perf_counter() - start) * 1000)}
    if wait is not None and wait <= LONGEST_WAIT:
        raise host_busy(url, page.status, wait, answer)
    return answer

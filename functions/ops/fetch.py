"""A page of the web."""

import time
from functools import partial
from typing import Annotated

from umbel_core.errors import Rejected, Transient
from umbel_core.op import Bounds, Url, op
from umbel_fetching import fetcher, pace, robots
from umbel_fetching.busy import LONGEST_WAIT, host_busy
from umbel_fetching.title import title

DelaySeconds = Annotated[float, Bounds(ge=0, le=60, description="Pause between two requests to a host, of all workers")]
Seconds = Annotated[float, Bounds(ge=1, le=10, description="Longest wait for the whole page, redirects included")]
ObeyRobots = Annotated[bool, Bounds(description="Fetch only what the host's `robots.txt` allows")]


@op(memory_mb=512, timeout_seconds=30, concurrency=8, batch=10, ordered=True, effects=True, serves="crawl")
def fetch(
    url: Url, *, seconds: Seconds = 10, obey_robots: ObeyRobots = False, delay_seconds: DelaySeconds = 0
) -> dict[str, int | str | None]:
    """Fetch a page's status, title, size and time.

    Every URL gives a page: one that could not be fetched has status 0 and the reason's code as `error`. A host that
    asks to be called again within a minute (429 or 503, `Retry-After`) is called again; its last answer is the page.
    """
    start = time.perf_counter()
    answer: dict[str, int | str | None]
    busy: Rejected | None = None
    try:
        page = fetcher.fetch(url, seconds=seconds, check=partial(_check, obey_robots, delay_seconds))
    except Rejected as reason:
        answer = {"url": url, "status": 0, "title": None, "bytes": 0, "error": reason.code}
        busy = reason
    else:
        answer = {"url": url, "status": page.status, "title": title(page), "bytes": len(page.body)}
        if page.retry_after is not None and page.retry_after <= LONGEST_WAIT:
            busy = host_busy(url, page.status, page.retry_after)
    answer |= {"took_ms": round((time.perf_counter() - start) * 1000)}
    if isinstance(busy, Transient):
        raise Transient(busy.code, busy.sentence, after_seconds=busy.after_seconds, result=answer)
    return answer


def _check(obey_robots: bool, delay_seconds: float, url: str, seconds: float) -> None:
    """Raise an error when a URL must not be requested, or not now."""
    if obey_robots:
        robots.check(url, seconds)
    if delay_seconds:
        pace.wait(url, delay_seconds)

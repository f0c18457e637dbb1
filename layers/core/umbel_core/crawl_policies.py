"""Which worker of a crawl fetches which page. A worker is a group: its pages are fetched one after another."""

from collections import Counter
from itertools import count
from urllib.parse import urlsplit
from zlib import crc32

from umbel_core.contract.requests import CrawlRequest
from umbel_core.errors import Rejected


def crawl_workers(request: CrawlRequest) -> list[int]:
    """Return for each URL the number of its worker, from 0.

    With a width, the pages of a host are dealt to that many neighbouring workers. With the policy `idle`, the number
    only says where a page waits: whichever worker is free takes the next one.
    """
    width = request.per_host.width
    if request.policy == "idle" and width is not None and width < request.workers:
        raise Rejected(
            "invalid_manifest",
            "per_host.width cannot be kept with the policy 'idle', which gives a page to any worker; "
            "take another policy, or as many workers.",
            ("per_host", "width"),
        )
    if request.policy == "sticky":
        return [crc32(_host(url).encode()) % request.workers for url in request.urls]
    if request.policy == "host":
        width = 1
    if width is None or width >= request.workers:
        return [index % request.workers for index in range(len(request.urls))]
    numbers = count()
    hosts: dict[str, int] = {}
    pages: Counter[str] = Counter()
    workers = []
    for host in map(_host, request.urls):
        if host not in hosts:
            hosts[host] = next(numbers) * width
        workers.append((hosts[host] + pages[host] % width) % request.workers)
        pages[host] += 1
    return workers


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return url

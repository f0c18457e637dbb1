"""Measure and check a batch of stores and a crawl, with a web server on this machine.

    umbel up -c allowed_addresses=127.0.0.1:8123 && .venv/bin/python -m bench web --port 8123

In the batch every eighth store has a broken image. Exactly these stores must stop, at that image; the order must be
kept; and after the images are replaced, a retry must run only what is left. The crawl's pages take 50 ms each; a second
crawl is cancelled after half of its pages.
"""

import argparse
import io
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import msgspec
from PIL import Image

from bench.processes import cpu_seconds, show
from tests.fetching.server import Site, serving
from tests.pipeline.lanes import most_at_once
from umbel.client import Client
from umbel.job import Job
from umbel.stack import find
from umbel_core.contract import CrawlRequest

PAGE_SECONDS = 0.05


def batch(client: Client, web: Site, stores: int, images: int) -> Iterator[dict[str, Any]]:
    """Run a batch until it stops at the broken images, then retry it; yield the numbers of both."""
    broken = {store: store * 7 % images for store in range(0, stores, 8)}
    for store in range(stores):
        for index in range(images):
            web.files[f"/{store}/{index}.jpg"] = _picture(store, index)
    for store, index in broken.items():
        web.files[f"/{store}/{index}.jpg"] = b"no picture"
    urls = {f"S{store:03}": [web.url(f"/{store}/{index}.jpg") for index in range(images)] for store in range(stores)}
    visits = [{"store_id": store, "image_url": image_urls} for store, image_urls in urls.items()]

    start = time.time()
    with cpu_seconds() as cpu:
        job = client.batch(visits)
        _wait(lambda: job.refresh().ended)
    took = time.time() - start
    tasks = _tasks(job)
    groups = defaultdict(list)
    for task in tasks:
        groups[task["group"]].append(task)
    for store, of_store in enumerate(groups[name] for name in urls):
        done = broken.get(store, images)
        stopped = ["failed", *["skipped"] * (images - done - 1)] if store in broken else []
        assert [task["status"] for task in of_store] == [*["completed"] * done, *stopped]
        assert [task["result"]["perimeter"] for task in of_store[:done]] == [
            2 * sum(_size(store, n)) for n in range(done)
        ]
        ran = [task for task in of_store if task["status"] != "skipped"]
        assert all(before["finished_at"] <= after["started_at"] for before, after in pairwise(ran))
    assert {error.store_id for error in job.errors} == {f"S{store:03}" for store in broken}
    at_once = most_at_once([task for task in tasks if task["status"] == "completed"])
    yield {
        "stores": stores,
        "images": images,
        **msgspec.to_builtins(job.counts),
        "seconds": took,
        "stores_at_once": at_once,
        "cpu_s": cpu,
    }

    for store, index in broken.items():
        web.files[f"/{store}/{index}.jpg"] = _picture(store, index)
    requests = len(web.asked)
    start = time.time()
    job.retry()
    _wait(lambda: job.refresh().status == "completed")
    took = time.time() - start
    known = {task["id"]: task for task in tasks if task["status"] == "completed"}
    assert all(task == known.get(task["id"], task) for task in _tasks(job))
    left = sum(images - index for index in broken.values())
    assert len(web.asked) - requests == left
    yield {"retried": left, "seconds": took}


def crawl(client: Client, web: Site, pages: int, workers: int) -> Iterator[dict[str, Any]]:
    """Run a crawl, and one that is cancelled after half of its pages; yield the numbers of both."""
    urls = [web.url(f"/slow?{PAGE_SECONDS}&{number}") for number in range(pages)]
    request = CrawlRequest(urls=urls, workers=workers)
    start = time.time()
    with cpu_seconds() as cpu:
        job = client.submit(request, "crawls")
        _wait(lambda: job.refresh().counts.completed)
        first = time.time() - start
        _wait(lambda: job.refresh().ended)
    took = time.time() - start
    tasks = _tasks(job)
    assert [task["result"]["url"] for task in tasks] == urls
    yield {
        "pages": job.counts.completed,
        "workers": workers,
        "seconds": took,
        "first_s": first,
        "at_least_s": pages * PAGE_SECONDS / workers,
        "at_once": most_at_once(tasks),
        "cpu_s": cpu,
    }
    cancelled = client.submit(request, "crawls")
    _wait(lambda: cancelled.refresh().counts.completed >= pages // 2)
    start = time.time()
    cancelled.cancel()
    _wait(lambda: all(task["status"] in ("completed", "skipped") for task in _tasks(cancelled)))
    took = time.time() - start
    counts = cancelled.refresh().counts
    yield {
        "cancelled_after": pages // 2,
        "completed": counts.completed,
        "skipped": counts.skipped,
        "seconds": took,
    }


def _picture(store: int, index: int) -> bytes:
    out = io.BytesIO()
    Image.effect_noise(_size(store, index), 30).convert("RGB").save(out, "JPEG")
    return out.getvalue()


def _size(store: int, index: int) -> tuple[int, int]:
    return 40 + store, 30 + index


def _tasks(job: Job) -> list[dict[str, Any]]:
    return [msgspec.to_builtins(task) for task in job.tasks()]


def _wait(condition: Callable[[], object]) -> None:
    while not condition():
        time.sleep(0.1)


def main(arguments: list[str]) -> None:
    """Measure both, in the sizes that the arguments give."""
    options = argparse.ArgumentParser(prog="bench web")
    options.add_argument("--port", type=int, default=8123)
    options.add_argument("--stores", type=int, default=40)
    options.add_argument("--images", type=int, default=50)
    options.add_argument("--pages", type=int, default=200)
    options.add_argument("--workers", type=int, default=8)
    given = options.parse_args(arguments)
    client = Client.of(find())
    with serving(Site(given.port)) as web:
        for numbers in (
            *batch(client, web, given.stores, given.images),
            *crawl(client, web, given.pages, given.workers),
        ):
            show(numbers)

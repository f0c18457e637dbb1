"""Measure picture jobs per second: many `POST /jobs` with a photo at once, at several concurrencies of the op.

    umbel up && .venv/bin/python -m bench jobs --jobs 50 --concurrency 1 2 4

The time is measured from the first request until the last job is `completed`. Every result is downloaded and must be
200 x 200 pixels.
"""

import argparse
import base64
import io
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import urllib3
from PIL import Image

from bench.pipeline import half_megapixel
from bench.processes import cpu_seconds, show
from umbel.client import Client
from umbel.job import Job
from umbel.stack import find

_CLIENTS = 8
SIDE = 200


def burst(client: Client, count: int, body: dict[str, Any]) -> dict[str, Any]:
    """Send `count` jobs at once; return the measured times."""
    start = time.time()
    with cpu_seconds() as cpu:
        with ThreadPoolExecutor(_CLIENTS) as pool:
            responses = [pool.submit(client.submit, body) for _ in range(count)]
        jobs = [each.result() for each in responses]
        accepted = time.time() - start
        # The last job is polled first: to poll while others still run would slow them down.
        took = max(map(_ended, reversed(jobs))) - start
    tasks = [task for job in jobs for task in job.tasks()]
    for task in tasks:
        picture = Image.open(io.BytesIO(urllib3.request("GET", task.result["url"]).data))
        assert (task.status, picture.size) == ("completed", (SIDE, SIDE)), task
    return {
        "jobs": len(tasks),
        "accepted_s": accepted,
        "seconds": took,
        "jobs_per_s": count / took,
        "task_ms": statistics.median(task.duration_ms or 0 for task in tasks),
        "cpu_s": cpu,
    }


def _ended(job: Job) -> float:
    """Wait until a job has ended; return the time of its end in its record."""
    while not job.refresh().ended:
        time.sleep(0.25)
    return datetime.fromisoformat(job.record.updated_at).timestamp()


def main(arguments: list[str]) -> None:
    """Warm up, then measure at each concurrency; set the op's own concurrency again at the end."""
    options = argparse.ArgumentParser(prog="bench jobs")
    options.add_argument("--jobs", type=int, default=50)
    options.add_argument("--concurrency", type=int, nargs="+", default=[1, 2, 4])
    given = options.parse_args(arguments)
    client = Client.of(find())
    photo = base64.b64encode(half_megapixel()).decode()
    body = {"image_data": photo, "operation": "resize", "width": SIDE, "height": SIDE}
    before = next(op.concurrency for op in client.ops() if op.name == "resize")
    burst(client, given.jobs, body)
    try:
        for number in given.concurrency:
            client.scale("resize", number)
            burst(client, 4, body)
            show({"concurrency": number, **burst(client, given.jobs, body)})
    finally:
        client.scale("resize", before)

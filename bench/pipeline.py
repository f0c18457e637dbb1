"""Measure the deployed pipeline: many photos put into S3 at once, and photos one by one.

    umbel up && .venv/bin/python -m bench pipeline --photos 200 --singles 40

The time is measured from the first put until the socket has sent the last variant.
"""

import argparse
import io
import json
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image
from websockets.sync.client import ClientConnection, connect

from umbel.stack import find

PHOTOS = Path(__file__).parent.parent / "tests" / "pictures"


def half_megapixel() -> bytes:
    """Return a photo of about 0.5 MP: 866 x 577, JPEG quality 90."""
    with Image.open(PHOTOS / "coffee.jpg") as photo:
        out = io.BytesIO()
        photo.convert("RGB").resize((866, 577), Image.Resampling.LANCZOS).save(out, "JPEG", quality=90)
        return out.getvalue()


class Pipeline(NamedTuple):
    """Where photos are put, and where their variants are pushed."""

    name: str
    s3: Any
    bucket: str
    socket: str
    counts_jobs: bool = True
    """False of the bare pipeline (bench/bare), whose pushes are of variants alone."""

    @contextmanager
    def feed(self) -> Iterator[ClientConnection]:
        """Connect, and receive every push."""
        with connect(self.socket, max_size=None) as feed:
            if self.counts_jobs:
                feed.send(json.dumps({"action": "subscribe", "job": "*"}))
                feed.recv(timeout=30)
            yield feed


def umbel() -> Pipeline:
    """Return the deployed Umbel."""
    stack = find()
    return Pipeline("umbel", stack.aws.client("s3"), stack.uploads_bucket, f"{stack.socket}?token={stack.token}")


def burst(pipeline: Pipeline, count: int, data: bytes) -> dict[str, float]:
    """Put `count` photos at once; return the times and the variants per second, until the last push."""
    with pipeline.feed() as feed:
        stamp = time.time_ns()
        start = time.perf_counter()
        with ThreadPoolExecutor(8) as pool:
            puts = [
                pool.submit(
                    pipeline.s3.put_object, Bucket=pipeline.bucket, Key=f"uploads/bench-{stamp}-{n}.jpg", Body=data
                )
                for n in range(count)
            ]
        for each in puts:
            each.result()
        copied = time.perf_counter() - start
        ended: set[str] = set()
        variants: dict[str, str] = {}
        jobs = count if pipeline.counts_jobs else 0
        while len(ended) < jobs or sum(s == "completed" for s in variants.values()) < 4 * count:
            for message in json.loads(feed.recv(timeout=120)):
                if message["type"] == "task":
                    variants[message["task"]["id"]] = message["task"]["status"]
                elif message["type"] == "job" and message["job"]["status"] in ("completed", "failed"):
                    ended.add(message["job"]["id"])
        took = time.perf_counter() - start
    made = sum(status == "completed" for status in variants.values())
    return {"photos": count, "variants": made, "copied_s": copied, "seconds": took, "variants_per_s": made / took}


def singles(pipeline: Pipeline, count: int, data: bytes) -> dict[str, float]:
    """Put `count` photos one after another; return the seconds from a put until its last variant was pushed."""
    times = []
    with pipeline.feed() as feed:
        for n in range(count):
            start = time.perf_counter()
            pipeline.s3.put_object(Bucket=pipeline.bucket, Key=f"uploads/single-{time.time_ns()}-{n}.jpg", Body=data)
            seen, ended = 0, not pipeline.counts_jobs
            while seen < 4 or not ended:
                for message in json.loads(feed.recv(timeout=120)):
                    ended = ended or (message["type"] == "job" and message["job"]["status"] == "completed")
                    if message["type"] == "task" and message["task"]["status"] == "completed":
                        seen += 1
                        last = time.perf_counter()
            times.append(last - start)
    times.sort()
    return {"median_s": statistics.median(times), "p95_s": times[int(len(times) * 0.95) - 1], "best_s": times[0]}


def main(arguments: list[str]) -> None:
    """Warm up, then measure both."""
    options = argparse.ArgumentParser(prog="bench pipeline")
    options.add_argument("--photos", type=int, default=200)
    options.add_argument("--singles", type=int, default=40)
    given = options.parse_args(arguments)
    pipeline, data = umbel(), half_megapixel()
    burst(pipeline, 20, data)
    print("burst", json.dumps(burst(pipeline, given.photos, data)))
    print("singles", json.dumps(singles(pipeline, given.singles, data)))

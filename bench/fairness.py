"""Measure a single upload on an idle deployment, and beside a job of many tasks of one of its ops.

    umbel up && .venv/bin/python -m bench fairness --tasks 600 --singles 10

The time of an upload is measured from its put into S3 until the socket has sent that its job is completed. The ratio is
that of the two medians; the goal is 2 at most. `--priority live` puts the large job into the queue of the uploads, and
shows what the bulk queue is good for.
"""

import argparse
import json
import statistics
import time
from typing import Any

from websockets.sync.client import ClientConnection, connect

from bench.figures import keep
from bench.pipeline import half_megapixel
from bench.processes import show
from umbel.client import Client
from umbel.job import Job
from umbel.stack import Deployment, find

_OP = "thumbnail"
TASKS = 600


def upload(found: Deployment, feed: ClientConnection, data: bytes) -> float:
    """Put one picture and wait until its job is completed; return the seconds."""
    key = f"uploads/fairness-{time.time_ns()}.jpg"
    start = time.perf_counter()
    found.aws.client("s3").put_object(Bucket=found.uploads_bucket, Key=key, Body=data)
    wait(feed, "source", key)
    return time.perf_counter() - start


def wait(feed: ClientConnection, name: str, value: str) -> None:
    """Read messages until the job of which a field has this value is completed."""
    while True:
        jobs = [each["job"] for each in json.loads(feed.recv(timeout=300)) if each["type"] == "job"]
        if any(job[name] == value and job["status"] == "completed" for job in jobs):
            return


def beside(found: Deployment, feed: ClientConnection, data: bytes, singles: int, job: Job) -> list[float]:
    """Return the seconds of uploads that were made one after another while tasks of the job waited."""
    times: list[float] = []
    while len(times) < singles and job.refresh().record.counts.completed < job.record.counts.total:
        times.append(upload(found, feed, data))
    return times


def waiting(client: Client) -> int:
    """Return the number of messages that wait in the op's lane."""
    return client.stats().ops[_OP].queue_depth


def measure(found: Deployment, tasks: int, singles: int, priority: str | None) -> dict[str, Any]:
    """Measure uploads alone and beside a job of `tasks` tasks, with the rate of that job."""
    client, data = Client.of(found), half_megapixel()
    with connect(f"{found.socket}?token={found.token}", max_size=None) as feed:
        feed.send(json.dumps({"action": "subscribe", "job": "*"}))
        feed.recv(timeout=30)
        for _ in range(3):
            upload(found, feed, data)
        idle = [upload(found, feed, data) for _ in range(singles)]
        key = f"uploads/fairness-{time.time_ns()}.jpg"
        found.aws.client("s3").put_object(Bucket=found.uploads_bucket, Key=key, Body=data)
        body: dict[str, Any] = {"tasks": [{"op": _OP, "input": key}] * tasks}
        job = client.submit(body if priority is None else {**body, "priority": priority})
        while waiting(client) < tasks / 2:
            time.sleep(0.2)
        start, before = time.perf_counter(), job.refresh().record.counts.completed
        busy = beside(found, feed, data, singles, job)
        rate = (job.refresh().record.counts.completed - before) / (time.perf_counter() - start)
        if not job.refresh().ended:
            wait(feed, "id", job.id)
    medians = statistics.median(idle), statistics.median(busy)
    return {
        "tasks": tasks,
        "idle_s": medians[0],
        "beside_s": medians[1],
        "ratio": medians[1] / medians[0],
        "slowest_s": max(busy),
        "job_tasks_per_s": rate,
    }


def main(arguments: list[str]) -> None:
    """Measure once and print the numbers."""
    options = argparse.ArgumentParser(prog="bench fairness")
    options.add_argument("--tasks", type=int, default=TASKS)
    options.add_argument("--singles", type=int, default=10)
    options.add_argument("--priority", choices=["live", "bulk"])
    given = options.parse_args(arguments)
    measured = measure(find(), given.tasks, given.singles, given.priority)
    show(measured)
    if given.priority is None and given.tasks == TASKS:
        keep("fairness", measured["ratio"])

"""Measure how long a job of many tasks takes, and how much of the time each hop takes.

    umbel up && .venv/bin/python -m bench tasks --counts 1000 10000

Every task's result and the job's counts are checked; tasks that were written more than once are counted.
"""

import argparse
import time
from datetime import datetime
from typing import Any

from bench.processes import cpu_seconds, peak_mb, show
from umbel.client import Client
from umbel.stack import STACK, find


def run(client: Client, count: int) -> dict[str, Any]:
    """Run one job of `count` tasks of the op `reverse`; return the seconds until each hop had finished."""
    words = [f"word {number}" for number in range(count)]
    submitted = time.time()
    with cpu_seconds() as cpu:
        job = client.call("POST", "/jobs", {"tasks": [{"op": "reverse", "input": word} for word in words]})["job_id"]
        accepted = time.time()
        while (found := client.call("GET", f"/jobs/{job}"))["status"] not in ("completed", "failed"):
            time.sleep(0.5)
    tasks = list(client.pages(f"/jobs/{job}/tasks", "tasks", limit=200))
    assert [task["result"] for task in tasks] == [word[::-1] for word in words]
    assert found["counts"] == {"total": count, "completed": count, "failed": 0, "skipped": 0}
    ended = sorted(_seconds(task["finished_at"]) for task in tasks)
    took = _seconds(found["updated_at"]) - submitted
    return {
        "tasks": count,
        "accepted": accepted - submitted,
        "planned": _planned(client, job) - submitted,
        "first_done": ended[0] - submitted,
        "half_done": ended[count // 2] - submitted,
        "last_done": ended[-1] - submitted,
        "counted": took,
        "tasks_per_s": count / took,
        "redone": sum(task["attempts"] > 1 for task in tasks),
        "twice_written": sum(task["version"] != 2 for task in tasks),
        "cpu_s": cpu,
        "peak_mb": {name: most for name, most in peak_mb().items() if name in cpu},
    }


def _planned(client: Client, job: str) -> float:
    """Return when the coordinator had published the last task, from its log."""
    logs = client.deployment.aws.client("logs")
    group = f"/aws/lambda/{STACK}-coordinator"
    for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group, filterPattern=f'"{job}"'):
        for event in page["events"]:
            if f'"job_id":"{job}"' in event["message"]:
                return float(event["timestamp"]) / 1000
    return float("nan")


def _seconds(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp).timestamp()


def main(arguments: list[str]) -> None:
    """Warm up, then measure one job of each size."""
    options = argparse.ArgumentParser(prog="bench tasks")
    options.add_argument("--counts", type=int, nargs="+", default=[1000, 10000])
    given = options.parse_args(arguments)
    client = Client(find())
    run(client, 100)
    for count in given.counts:
        show(run(client, count))

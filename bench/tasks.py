"""Measure how long a job of many tasks takes, and how much of the time each hop takes.

    umbel up && .venv/bin/python -m bench tasks --counts 1000 10000

Every task's result and the job's counts are checked; tasks that were written more than once are counted.
`cpu_ms_a_task` is what the engine and the functions use, which other work on the machine changes less than the clock;
`engine_kb_a_task` is how much the engine's process grows.
"""

import argparse
import time
from datetime import datetime
from typing import Any

from bench.figures import keep
from bench.processes import cpu_seconds, engine_kb, peak_mb, show
from umbel.client import Client
from umbel.stack import STACK, find
from umbel_core.contract import Counts, Manifest, TaskSpec

MOST = 10_000


def run(client: Client, count: int) -> dict[str, Any]:
    """Run one job of `count` tasks of the op `reverse`; return the seconds until each hop had finished."""
    words = [f"word {number}" for number in range(count)]
    memory, submitted = engine_kb(), time.time()
    with cpu_seconds() as cpu:
        job = client.submit(Manifest([TaskSpec("reverse", word) for word in words]))
        accepted = time.time()
        while not job.refresh().ended:
            time.sleep(0.5)
    grown = engine_kb() - memory
    tasks = list(job.tasks())
    assert [task.result for task in tasks] == [word[::-1] for word in words]
    assert job.counts == Counts(total=count, completed=count)
    ended = sorted(_seconds(task.finished_at or "") for task in tasks)
    took = _seconds(job.record.updated_at) - submitted
    return {
        "tasks": count,
        "accepted": accepted - submitted,
        "planned": _planned(job.id) - submitted,
        "first_done": ended[0] - submitted,
        "half_done": ended[count // 2] - submitted,
        "last_done": ended[-1] - submitted,
        "counted": took,
        "tasks_per_s": count / took,
        "redone": sum(task.attempts > 1 for task in tasks),
        "twice_written": sum(task.version != 2 for task in tasks),
        "cpu_ms_a_task": 1000 * sum(seconds for name, seconds in cpu.items() if name != "client") / count,
        "engine_kb_a_task": grown / count,
        "cpu_s": cpu,
        "peak_mb": {name: most for name, most in peak_mb().items() if name in cpu},
    }


def _planned(job_id: str) -> float:
    """Return when the coordinator had published the last task, from its log."""
    logs = find().aws.client("logs")
    group = f"/aws/lambda/{STACK}-coordinator"
    for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group, filterPattern=f'"{job_id}"'):
        for event in page["events"]:
            if f'"job_id":"{job_id}"' in event["message"]:
                return float(event["timestamp"]) / 1000
    return float("nan")


def _seconds(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp).timestamp()


def main(arguments: list[str]) -> None:
    """Warm up, then measure one job of each size."""
    options = argparse.ArgumentParser(prog="bench tasks")
    options.add_argument("--counts", type=int, nargs="+", default=[1000, MOST])
    given = options.parse_args(arguments)
    client = Client.of(find())
    run(client, 100)
    for count in given.counts:
        measured = run(client, count)
        show(measured)
        if count == MOST:
            keep("tasks", measured["tasks_per_s"])
            keep("tasks cpu", measured["cpu_ms_a_task"])
            keep("tasks memory", measured["engine_kb_a_task"])

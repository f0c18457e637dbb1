"""Measure how fast changes reach many connections: the real adapters, and a stand-in for API Gateway's answers.

    .venv/bin/python -m bench fanout --batches 20

A batch of the ledger's stream has 90 changed tasks of pictures. `changes_per_s` is what one fan-out function pushes to
that many connections; `heard_s` is the time until the last of them has received one batch, and `calls` how many calls
that takes.
"""

import argparse
import os
import statistics
import time
from typing import Any, cast

from bench.figures import keep
from bench.processes import show
from bench.stub_gateway import stub_gateway
from umbel_core.aws import clients
from umbel_core.aws.connections import SocketConnections
from umbel_core.aws.pictures import S3Results
from umbel_core.ids import new_job_id
from umbel_core.ledger import TaskRecord
from umbel_core.pushing import FANOUT_SECONDS, Push, Pusher

ANSWER_SECONDS = 0.015
CHANGES = 90
_KEPT = {20: ("20 pages", "changes_per_s"), 1000: ("1000 pages", "heard_s")}


def batch(connections: int, version: int) -> Push:
    """Return a push of one batch of changes to so many subscribers of all jobs."""
    moment, job_id = "2026-11-27T00:00:00.000Z", new_job_id()
    result = {"key": f"{job_id}/thumbnail.jpg", "width": 256, "height": 171, "bytes": 8712, "format": "jpeg"}
    tasks = [
        TaskRecord(
            job_id=job_id,
            index=index,
            op="thumbnail",
            variant="thumbnail",
            input=f"uploads/{job_id}/photo.jpg",
            status="completed",
            result=result,
            queued_at=moment,
            started_at=moment,
            finished_at=moment,
            version=version,
        )
        for index in range(CHANGES)
    ]
    return Push(subscribers={"*": [f"connection-{number}=" for number in range(connections)]}, tasks=tasks)


def measure(gateway: Any, connections: int, batches: int) -> dict[str, float]:
    """Push batches one after another; return the rate, the time and the calls of a batch."""
    calls: list[None] = []
    gateway.meta.events.register("before-call.*", lambda **_: calls.append(None), unique_id=connections)
    sockets = SocketConnections(clients.dynamodb(), "none", gateway, lambda _: None)
    pusher = Pusher(sockets, S3Results(clients.s3(), "results").link)
    pusher.push([batch(connections, 0)], FANOUT_SECONDS)
    calls.clear()
    times = []
    for version in range(batches):
        push = batch(connections, version)
        start = time.perf_counter()
        for part in push.by_connections():
            pusher.push([part], FANOUT_SECONDS)
        times.append(time.perf_counter() - start)
    gateway.meta.events.unregister("before-call.*", unique_id=connections)
    return {
        "connections": connections,
        "changes_per_s": batches * CHANGES / sum(times),
        "heard_s": statistics.median(times),
        "calls": len(calls) / batches,
    }


def main(arguments: list[str]) -> None:
    """Measure 1, 5, 20 and 1,000 connections."""
    options = argparse.ArgumentParser(prog="bench fanout")
    options.add_argument("--batches", type=int, default=20)
    given = options.parse_args(arguments)
    # Nothing is sent to AWS; the calls are signed all the same, which is most of their CPU time.
    os.environ |= {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_DEFAULT_REGION": "us-east-1"}
    with stub_gateway(ANSWER_SECONDS) as url:
        gateway = cast("Any", clients.gateway(url))
        for connections in (1, 5, 20, 1000):
            measured = measure(gateway, connections, max(2, given.batches // (10 if connections > 100 else 1)))
            show(measured)
            if connections in _KEPT:
                figure, name = _KEPT[connections]
                keep(figure, measured[name])

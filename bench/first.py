"""Measure what the first user meets: the first upload after a deployment, and the first burst of jobs.

    umbel up && .venv/bin/python -m bench first --jobs 50
    umbel up --no-warm && .venv/bin/python -m bench first --cold

The numbers are right only as those of the first command after `umbel up`. Without `--cold` it waits until all functions
have been started in the background, and says how long.
"""

import argparse
import base64
import time

from bench.figures import keep
from bench.jobs import SIDE, burst
from bench.pipeline import half_megapixel, singles, umbel
from bench.processes import cpu_seconds, processes, show
from umbel import warming
from umbel.client import Client
from umbel.stack import STACK, find


def _until_warm() -> float:
    """Wait until each function that is warmed runs; return the seconds."""
    start = time.perf_counter()
    deployed = find().aws.client("lambda").get_paginator("list_functions").paginate()
    names = [function["FunctionName"] for page in deployed for function in page["Functions"]]
    wanted = {name.removeprefix(f"{STACK}-") for name, _ in warming.calls(names, [])}
    while not wanted <= processes().keys():
        time.sleep(0.1)
    return time.perf_counter() - start


def main(arguments: list[str]) -> None:
    """Measure the first upload, a later one, and the first burst."""
    options = argparse.ArgumentParser(prog="bench first")
    options.add_argument("--jobs", type=int, default=50)
    options.add_argument("--cold", action="store_true")
    given = options.parse_args(arguments)
    if not given.cold:
        show({"measured": "warming", "s": _until_warm()})
    photo = half_megapixel()
    show({"processes": {name: len(some) for name, some in processes().items()}})
    for name in ("first upload", "second upload"):
        with cpu_seconds() as cpu:
            seconds = singles(umbel(), 1, photo)["best_s"]
        show({"measured": name, "s": seconds, "cpu_s": cpu})
    body = {
        "image_data": base64.b64encode(photo).decode(),
        "operation": "resize",
        "width": SIDE,
        "height": SIDE,
    }
    for name in ("first burst", "second burst"):
        measured = burst(Client.of(find()), given.jobs, body)
        show({"measured": name, **measured})
        if name == "first burst" and not given.cold:
            keep("first burst", measured["seconds"])
    show({"processes": {name: len(some) for name, some in processes().items()}})

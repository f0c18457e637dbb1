"""Measure what the first user meets: the first upload after a deployment, and the first burst of jobs.

    umbel up && .venv/bin/python -m bench first --jobs 50

Nothing is warmed up here, so the numbers are right only as the first command after `umbel up`.
"""

import argparse
import base64

from bench.jobs import SIDE, burst
from bench.pipeline import half_megapixel, singles
from bench.processes import processes, show
from umbel.client import Client
from umbel.stack import find


def main(arguments: list[str]) -> None:
    """Measure the first upload, a later one, and the first burst."""
    options = argparse.ArgumentParser(prog="bench first")
    options.add_argument("--jobs", type=int, default=50)
    given = options.parse_args(arguments)
    stack = find()
    s3, socket, photo = stack.aws.client("s3"), f"{stack.socket}?token={stack.token}", half_megapixel()
    show({"processes": {name: len(some) for name, some in processes().items()}})
    for name in ("first upload", "second upload"):
        show({"measured": name, "s": singles(s3, stack.uploads_bucket, socket, 1, photo)["best_s"]})
    body = {
        "image_data": base64.b64encode(photo).decode(),
        "operation": "resize",
        "width": SIDE,
        "height": SIDE,
    }
    for name in ("first burst", "second burst"):
        show({"measured": name, **burst(Client.of(stack), given.jobs, body)})
    show({"processes": {name: len(some) for name, some in processes().items()}})

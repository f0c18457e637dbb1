"""What a fused recipe saves: the CPU time of all variants of a 12 MP JPEG, each from the file, and from one decode.

    make bench ARGS="fused --rounds 9 --write"

Milliseconds of user and system CPU, on one thread and in one process, from the file's bytes to those of the results:
nothing is read from S3, and no message comes. Both ways alternate; the least value of each counts. Cents are what the
workers cost by the price table, with the assumptions of docs/costs.md about Lambda and S3.
"""

import os
import subprocess
import sys
from collections.abc import Sequence

from bench.pixels import ENVIRONMENT


def main(arguments: Sequence[str] = ()) -> None:
    """Measure in a process with the environment of a lane."""
    command = [sys.executable, "-m", "bench.fused_peer", *arguments]
    subprocess.run(command, env=os.environ | ENVIRONMENT, check=True)

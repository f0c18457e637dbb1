"""Run the campaign on a deployment of its own and write docs/trust.md: `make trust`."""

import argparse
import os
import sys
import tempfile
from pathlib import Path


def main() -> int:
    """Run the campaign and the control; return 1 when a promise was broken or the control found nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=float, default=600)
    parser.add_argument("--no-control", action="store_true", help="leave the control run out")
    parser.add_argument("--report", type=Path, help="write the report to this file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="umbel-trust-") as home:
        # Before anything imports `umbel`, so that the campaign does not touch the Umbel that the user runs.
        os.environ["UMBEL_HOME"] = home
        from tests.trust import run

        return run.run(arguments, Path(home))


if __name__ == "__main__":
    sys.exit(main())

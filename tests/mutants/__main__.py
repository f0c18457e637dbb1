"""`make mutants`: change the sources in small ways, one at a time, and see whether the fast tests notice.

make mutants                                        everything; half an hour on two CPUs that do nothing else
make mutants ARGS="umbel_core.fold relay"           these modules and packages
make mutants ARGS="--processes 4"                   so many at a time instead of one for each CPU

The score and the surviving mutants are printed at the end; a score below 85 % is an error. To see one of the survivors:
cd .build/mutants && ../../.umbel/mutants/bin/mutmut show <its name>
"""

import argparse
import json
import os
import subprocess
import sys
from functools import partial

from tests.mutants import environment
from tests.mutants.score import Score
from tests.mutants.sources import make_copy
from umbel import toolchain

LEAST_PERCENT = 85
LONGEST_SECONDS = 180
"""CPU time of one run of all tests. Each mutant needs a part of them."""
TESTS = ("tests/core", "tests/functions", "tests/ops")


def main() -> None:
    """Run the mutants; exit with 1 when too many survive, or when the tests are too slow for so many runs."""
    parser = argparse.ArgumentParser(prog="make mutants")
    parser.add_argument("modules", nargs="*", help="umbel_core.fold, relay; default: all")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    mutmut, copy = environment.program(), make_copy(arguments.modules)
    call = partial(subprocess.run, cwd=copy, env=toolchain.environment(), check=True, text=True)
    if not arguments.modules:
        thorough = ("-m", "hypothesis and not engine", "--hypothesis-profile=thorough")
        call([mutmut.with_name("python"), "-m", "pytest", "-q", "-o", "pythonpath=.", *thorough, *TESTS])
    call([mutmut, "run", "--max-children", str(arguments.processes)])
    score = Score(call([mutmut, "results", "--all", "true"], capture_output=True).stdout)
    seconds = json.loads((copy / "mutants" / "mutmut-stats.json").read_bytes())["stats_time"]
    print("\n".join(score.lines()))
    print(f"{score.percent():.1f} % of {score.total()[1]} mutants are killed by tests that take {seconds:.0f} s")
    if score.percent() < LEAST_PERCENT or seconds > LONGEST_SECONDS:
        sys.exit(f"at least {LEAST_PERCENT} % must be, by tests that take at most {LONGEST_SECONDS} s")


if __name__ == "__main__":
    main()

"""`make trust`: try to break what Umbel promises, and print a report. Each part deploys to an engine of its own.

make trust                all parts
make trust ARGS=fuzz      this part
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable

# Before anything imports `umbel`, so that no part touches the Umbel that the user runs.
os.environ["UMBEL_HOME"] = tempfile.mkdtemp(prefix="umbel-trust-")

from tests.trust import corpora, corpora_urls, fuzzing
from tests.trust.section import Section, report
from umbel.paths import ROOT

PARTS: dict[str, Callable[[], Section]] = {"corpora": corpora.run, "fuzz": fuzzing.run, "urls": corpora_urls.run}


def main() -> None:
    """Run the parts that the arguments name, or all; exit with 1 when a promise was broken."""
    names = sys.argv[1:] or list(PARTS)
    if unknown := set(names) - set(PARTS):
        sys.exit(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    try:
        sections = [PARTS[name]() for name in names]
    finally:
        shutil.rmtree(os.environ["UMBEL_HOME"], ignore_errors=True)
    sys.stdout.write(report(sections, _commit()))
    sys.exit(any(section.errors for section in sections))


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


if __name__ == "__main__":
    main()

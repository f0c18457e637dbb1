"""`make trust`: try to break what Umbel promises, and print a report. Each part deploys to an engine of its own.

make trust                     all parts; the report is written to docs/trust.md
make trust ARGS=fuzz           this part
make trust ARGS="campaign 300" this part, with 300 tasks
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable

# Before anything imports `umbel`, so that no part touches the Umbel that the user runs.
os.environ["UMBEL_HOME"] = tempfile.mkdtemp(prefix="umbel-trust-")

from tests.trust import campaigning, corpora, corpora_urls, fuzzing
from tests.trust.section import Section, report
from umbel.paths import ROOT

PARTS: dict[str, Callable[[], Section]] = {
    "campaign": campaigning.run,
    "corpora": corpora.run,
    "fuzz": fuzzing.run,
    "urls": corpora_urls.run,
}
REPORT = ROOT / "docs" / "trust.md"


def main() -> None:
    """Run the parts that the arguments name, or all; exit with 1 when a promise was broken."""
    arguments = sys.argv[1:]
    campaigning.tasks = next((int(word) for word in arguments if word.isdecimal()), campaigning.tasks)
    names = [word for word in arguments if not word.isdecimal()] or list(PARTS)
    if unknown := set(names) - set(PARTS):
        sys.exit(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    try:
        sections = [PARTS[name]() for name in names]
    finally:
        shutil.rmtree(os.environ["UMBEL_HOME"], ignore_errors=True)
    text = report(sections, _commit())
    sys.stdout.write(text)
    if len(names) == len(PARTS):
        REPORT.write_text(text, encoding="utf-8")
    sys.exit(any(section.errors for section in sections))


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


if __name__ == "__main__":
    main()

"""`make trust`: try to break what Umbel promises, and print a report. Each part deploys to an engine of its own.

make trust                     all parts, which replace their sections of docs/trust.md
make trust ARGS=fuzz           this part
make trust ARGS="campaign 300" this part with 300 tasks; docs/trust.md stays as it is
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

# Before anything imports `umbel`, so that no part touches the Umbel that the user runs.
os.environ["UMBEL_HOME"] = tempfile.mkdtemp(prefix="umbel-trust-")

from tests.trust import campaigning, corpora, corpora_urls, flooding, fuzzing
from tests.trust.section import Section, report
from umbel.paths import ROOT

PARTS: dict[str, Callable[[], Section]] = {
    "campaign": campaigning.run,
    "corpora": corpora.run,
    "flood": flooding.run,
    "fuzz": fuzzing.run,
    "urls": corpora_urls.run,
}
REPORT = ROOT / "docs" / "trust.md"


def main() -> None:
    """Run the parts that the arguments name, or all; exit with 1 when a promise was broken."""
    names = [word for word in sys.argv[1:] if not word.isdecimal()] or list(PARTS)
    if is_short := len(names) < len(sys.argv[1:]):
        campaigning.tasks = next(int(word) for word in sys.argv[1:] if word.isdecimal())
    if unknown := set(names) - set(PARTS):
        sys.exit(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    home, held = os.environ["UMBEL_HOME"], False
    try:
        done = [_run(name) for name in names]
        held = not any(section.errors for section, _ in done)
    finally:
        if held:
            shutil.rmtree(home, ignore_errors=True)
        else:
            sys.stderr.write(f"The logs are in {home}/logs, the injected errors in {home}/faults.jsonl\n")
    texts = [text for _, text in done]
    sys.stdout.write("\n".join(texts))
    if not is_short:
        before = REPORT.read_text(encoding="utf-8") if REPORT.exists() else ""
        REPORT.write_text(report(before, texts), encoding="utf-8")
    sys.exit(not held)


def _run(name: str) -> tuple[Section, str]:
    """Run a part; return what it found, and the same as text."""
    commit, start = _commit(), time.monotonic()
    section = PARTS[name]()
    return section, section.text(commit, time.monotonic() - start)


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


if __name__ == "__main__":
    main()

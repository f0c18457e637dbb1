"""`make machines`: set up and run one upload under each condition, and write the results into docs/local.md.

make machines                      all conditions; half an hour
make machines ARGS="moved copied"  these conditions; the other rows of the table are kept
"""

import sys
import time
import traceback
from pathlib import Path

from tests.machines.conditions import conditions, label
from tests.machines.machine import ConditionError
from umbel.paths import ROOT

DOCUMENT = ROOT / "docs" / "local.md"
BEGIN, END = "<!-- machines: made by `make machines` -->\n", "<!-- machines: end -->\n"


def main() -> None:
    """Run the conditions that the arguments name, or all; exit with 1 when one fails."""
    known = conditions()
    if unknown := set(sys.argv[1:]) - set(known):
        sys.exit(f"there is no condition {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    results = {name: _run(name) for name in sys.argv[1:] or known}
    _write(DOCUMENT, results)
    if failed := [name for name, result in results.items() if result.startswith("✗")]:
        sys.exit(f"failed: {', '.join(failed)}")


def _run(name: str) -> str:
    """Run one condition; return the text of its cell in the table."""
    print(f"{name} …", file=sys.stderr, flush=True)
    begun = time.monotonic()
    try:
        conditions()[name]()
    except LookupError as reason:
        result = f"not here: {reason}"
    except ConditionError as reason:
        print(reason, file=sys.stderr)
        result = "✗"
    except Exception:
        traceback.print_exc()
        result = "✗"
    else:
        result = f"✓ {time.monotonic() - begun:.0f} s"
    print(f"{name}: {result}", file=sys.stderr, flush=True)
    return result


def _write(document: Path, results: dict[str, str]) -> None:
    """Write the results into the document's table; keep the rows of conditions that were not run."""
    text = document.read_text()
    before, _, rest = text.partition(BEGIN)
    table, _, after = rest.partition(END)
    cells = dict(_cells(table)) | {label(conditions()[name]): result for name, result in results.items()}
    rows = [f"| {text} | {cells[text]} |" for text in map(label, conditions().values()) if text in cells]
    document.write_text(before + BEGIN + "\n".join(["| machine | result |", "|---|---|", *rows]) + "\n" + END + after)


def _cells(table: str) -> list[tuple[str, str]]:
    lines = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    return [(line[0], line[1]) for line in lines if len(line) == 2]


if __name__ == "__main__":
    main()

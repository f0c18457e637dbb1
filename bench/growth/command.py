"""`python -m bench growth`: write docs/scaling.md; with `--engine`, compare the model with the running engine first."""

import argparse
import os
import sys
from datetime import UTC, datetime

from bench.growth import engine, page


def main(arguments: list[str]) -> None:
    """Write the page; fail when a prediction is further from the engine than it may be."""
    options = argparse.ArgumentParser(prog="bench growth")
    options.add_argument("--engine", action="store_true", help="measure bursts on the running engine")
    given = options.parse_args(arguments)
    compared = list(engine.compare()) if given.engine else []
    page.PAGE.write_text(page.document(table(compared) if compared else page.compared_before()), encoding="utf-8")
    print(table(compared) or f"{page.PAGE} is written", end="")
    if wrong := [str(each.uploads) for each in compared if abs(each.error) > engine.WITHIN]:
        sys.exit(f"the model is more than {engine.WITHIN:.0%} away at {', '.join(wrong)} uploads")


def table(compared: list[engine.Compared]) -> str:
    """Return the table of a comparison; empty for none."""
    if not compared:
        return ""
    rows = [f"| {one.uploads} | {one.predicted:.1f} | {one.measured:.1f} | {one.error:+.0%} |" for one in compared]
    head = ["| uploads at once | predicted, s | measured, s | off by |", "|---|---|---|---|"]
    machine = f"{os.cpu_count()} cores and a load of {os.getloadavg()[2]:.0f}"
    date = f"Measured on {datetime.now(UTC):%Y-%m-%d} on {machine}, fitted to {engine.CALIBRATED_AT} uploads:"
    return "\n".join([date, "", *head, *rows, ""])

"""The campaign and its control run on one engine, and their report."""

import argparse
import sys
from pathlib import Path

from tests.fetching.server import Site, serving
from tests.pipeline.deployment import deployment
from tests.trust.campaign import Campaign, Settings
from tests.trust.control import without_condition
from tests.trust.report import report


def run(arguments: argparse.Namespace, home: Path) -> int:
    """Run both; print the report; return 1 when a promise was broken or the control found nothing."""
    settings = Settings(tasks=arguments.tasks, kills=arguments.kills, seed=arguments.seed, longest=arguments.longest)
    with serving(Site()) as site, deployment(home / "ops", allowed=site.place, keep_running=False) as deployed:
        outcome = Campaign(deployed, site, settings, _say).run(home / "faults.jsonl")
        _say(f"{outcome.tasks} tasks, violations: {dict(outcome.found)}")
        control = None
        if not arguments.no_control:
            with without_condition(deployed):
                control = Campaign(deployed, site, Settings(tasks=300, kills=5, longest=120), _say).run()
            _say(f"control: {dict(control.found)}")
    text = report(outcome, control)
    sys.stdout.write(text)
    if arguments.report:
        arguments.report.write_text(text, encoding="utf-8")
    return 1 if outcome.violations or (control and not control.found["double"]) else 0


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")

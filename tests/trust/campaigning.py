"""Injected errors, killed workers, lost and repeated messages: every accepted task ends once, and the control fails."""

import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil

from tests.fetching.server import Site, serving
from tests.pipeline.deployment import deployment
from tests.trust.campaign import Campaign
from tests.trust.control import without_condition
from tests.trust.outcome import Outcome, Settings
from tests.trust.section import Section

tasks = 2000
_CONTROL = Settings(tasks=200, kills=3, longest=60)
_SHOWN = 25
_ABOUT = """\
Jobs of every kind, with all ops, are sent through the HTTP API while a proxy between the functions and the local engine
injects errors into the functions' AWS calls, messages are lost, copied and reordered, and workers are killed. A checker
that knows nothing but the contract then compares what the API, the WebSocket, the results and the fetched test server
show with what was sent: each accepted task must have ended once, within ten minutes, with the right result. A dead
letter is explained when its sentence names an injected error or a killed worker; its job is retried. In the control run
the write that ends a task has no condition: there the checker must find tasks that ended twice."""


def run() -> Section:
    """Deploy Umbel to an engine of its own, run the campaign there and the control after it."""
    home = Path(os.environ["UMBEL_HOME"])
    with serving(Site()) as site, deployment(home / "ops", allowed=site.place, keep_running=False) as deployed:
        outcome = Campaign(deployed, site, Settings(tasks=tasks), _say).run(home / "faults.jsonl")
        _say(f"{outcome.tasks} tasks in {outcome.seconds} s: {dict(outcome.found)}")
        with without_condition(deployed):
            control = Campaign(deployed, site, _CONTROL, _say).run()
        _say(f"control: {dict(control.found)}")
    return section(outcome, control)


def section(outcome: Outcome, control: Outcome | None) -> Section:
    """Return what the campaign and its control found."""
    found, faults = outcome.found, outcome.faults
    numbers: dict[str, int | str] = {
        "machine": f"{platform.system()} {platform.machine()}, {psutil.cpu_count()} cores",
        "seed": outcome.seed,
        "duration": f"{outcome.seconds:.0f} s",
        "jobs": f"{outcome.jobs} ({_counts(outcome.kinds)})",
        "tasks": outcome.tasks,
        "calls of the functions to AWS": outcome.calls,
        "injected errors": faults.total(),
        **{f"- {kind}": count for kind, count in sorted(faults.items())},
        "killed processes": f"{sum(outcome.kills.values())} ({_counts(outcome.kills)})",
        "messages over the WebSocket": outcome.messages,
        "answers 5xx to requests, each sent again": outcome.server_errors,
        "retries of jobs": outcome.retries,
        "dead letters that an injected error explains": outcome.given_up,
        "pages fetched more than once": outcome.fetched_again,
        "slowest job": f"{outcome.slowest:.0f} s",
        "tasks lost or unfinished": found["lost"] + found["unfinished"],
        "tasks that ended twice or left their end": found["double"] + found["went back"],
        "wrong results": found["wrong"],
        "groups out of order": found["order"],
        "wrong counts": found["counts"],
        "unexplained dead letters": found["dead letter"],
        "fetches that no record counts": found["uncounted"],
        "jobs that took longer than allowed": found["late"],
    }
    errors = [f"{each.kind}: {each.where}: {each.sentence}" for each in outcome.violations[:_SHOWN]]
    if (more := len(outcome.violations) - _SHOWN) > 0:
        errors.append(f"and {more} more")
    if control:
        numbers["control: tasks"] = control.tasks
        numbers["control: tasks that ended twice"] = control.found["double"]
        if not control.found["double"]:
            errors.append("the checker found nothing in the control run, whose commit has no condition")
    return Section("Injected errors", numbers, errors, _ABOUT)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")

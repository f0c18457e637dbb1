"""Write the outcome of a campaign as a page for people."""

import platform
import subprocess
from collections.abc import Mapping

import psutil

from tests.trust.campaign import Outcome
from umbel.paths import ROOT
from umbel_core.clock import now

_SHOWN = 20
_KINDS = {
    "throttled": "calls throttled",
    "slow_down": "calls answered with SlowDown by S3",
    "reset": "connections reset before the call",
    "reply_lost": "connections reset after the call was carried out",
    "cut": "answers cut in half",
    "dropped": "messages that matched no subscription",
    "copied": "publishing calls repeated up to 5 s later",
    "shuffled": "publishing calls with the messages in another order",
}


def report(outcome: Outcome, control: Outcome | None) -> str:
    """Return the report in Markdown."""
    commit = subprocess.run(
        ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"],
        capture_output=True, text=True, check=False,
    ).stdout.strip()  # fmt: skip
    found = outcome.found
    rows: dict[str, object] = {
        "date": now()[:10],
        "commit": commit or "unknown",
        "machine": f"{platform.system()} {platform.machine()}, {psutil.cpu_count()} cores, "
        f"Python {platform.python_version()}",
        "seed": outcome.seed,
        "duration": f"{outcome.seconds:.0f} s",
        "jobs": f"{outcome.jobs} ({_counts(outcome.kinds)})",
        "tasks": outcome.tasks,
        "calls of the functions to AWS": outcome.calls,
        "injected errors": sum(outcome.faults.values()),
        "killed processes": f"{sum(outcome.kills.values())} ({_counts(outcome.kills)})",
        "messages over the WebSocket": outcome.messages,
        "requests sent again after a 5xx": outcome.refused,
        "retries of jobs": outcome.retries,
        "dead letters that an injected error explains": outcome.given_up,
        "pages fetched more than once": outcome.fetched_again,
        "slowest job": f"{outcome.slowest:.0f} s",
        "**tasks lost or unfinished**": found["lost"] + found["unfinished"],
        "**tasks that ended twice or left their end**": found["double"] + found["went back"],
        "**wrong results**": found["wrong"],
        "**groups out of order**": found["order"],
        "**wrong counts**": found["counts"],
        "**unexplained dead letters**": found["dead letter"],
        "**fetches that no record counts**": found["uncounted"],
        "**jobs that took longer than ten minutes**": found["late"],
    }
    lines = ["# A campaign of injected errors", "", "Written by `make trust`; the words are explained below.", ""]
    lines += ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items()), ""]
    lines += ["## Injected errors", "", "| error | times |", "|---|---|"]
    lines += [f"| {_KINDS.get(kind, kind)} | {count} |" for kind, count in sorted(outcome.faults.items())]
    lines += ["", "## Control", ""]
    if control is None:
        lines += ["Left out."]
    else:
        lines += [
            "The same checker on workers whose commit has no condition must find tasks that end twice:",
            f"it found **{control.found['double']}** in {control.tasks} tasks ({_counts(control.found)} in all).",
        ]
    if outcome.violations:
        lines += ["", "## Violations", ""]
        lines += [f"- {each.kind}: {each.where}: {each.sentence}" for each in outcome.violations[:_SHOWN]]
        if len(outcome.violations) > _SHOWN:
            lines += [f"- and {len(outcome.violations) - _SHOWN} more"]
    return "\n".join([*lines, ""])


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"

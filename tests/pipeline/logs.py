"""What the deployed functions have written to their logs."""

from collections.abc import Iterator
from typing import NamedTuple

from tests.pipeline.deployment import Deployed

_ENGINES_OWN = (
    "START RequestId: ",
    "END RequestId: ",
    "REPORT RequestId: ",
    "Worker process died",
    "Task timed out after ",
    # The worker was killed while the engine sent it its event.
    "[Errno 32] Broken pipe",
    "[Errno 104] Connection reset by peer",
)
"""How the lines begin that the engine adds, as text; on AWS they are JSON, since the functions' log format is."""


class LogLine(NamedTuple):
    """One line of a function's log."""

    group: str
    text: str


def log_lines(deployed: Deployed, word: str = "") -> Iterator[LogLine]:
    """Return every line of every function, or those with this word, without the engine's own.

    The engine keeps no log of the sockets function.
    """
    logs = deployed.client("logs")
    for groups in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix="/aws/lambda/umbel-"):
        for group in groups["logGroups"]:
            name = group["logGroupName"]
            pages = logs.get_paginator("filter_log_events")
            for page in pages.paginate(logGroupName=name, **({"filterPattern": f'"{word}"'} if word else {})):
                yield from (
                    LogLine(name, event["message"])
                    for event in page["events"]
                    if event["message"].strip() and not event["message"].startswith(_ENGINES_OWN)
                )

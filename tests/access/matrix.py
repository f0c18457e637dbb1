"""Who may call what: the rules for every route and every action of a socket. `make generate` writes them as a table.

Routes come from the API's route table and actions from the sockets function, so that none can be forgotten.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple, get_args

import infra.generate  # noqa: F401 - first: it puts the functions on the path

# isort: split

import msgspec

from api.app import routes
from api.routing import Route
from sockets.actions import ACTIONS
from umbel.paths import ROOT

Caller = Literal[
    "no token", "malformed", "expired", "revoked", "viewer", "operator", "viewer, other's job", "operator, other's job"
]
CALLERS: tuple[Caller, ...] = get_args(Caller)
ROUTES: list[Route] = routes.all
ACTION_NAMES = tuple(ACTIONS)
DOCUMENT = ROOT / "docs" / "security.md"
NO_JOB = "-"
"""The answer of a call that concerns no job to a caller who asks for somebody else's."""
_BEGIN, _END = "<!-- access: made by `make generate` -->\n", "<!-- /access -->"


class Row(NamedTuple):
    """What each caller of one route or action is answered: `yes`, a status, or `NO_JOB`."""

    name: str
    answers: tuple[str, ...]


def documented() -> list[Row]:
    """Return what the rules say about every call."""
    return [Row(name_of(route), tuple(rule(route, caller) for caller in CALLERS)) for route in ROUTES] + [
        Row(f"socket: `{action}`", tuple(rule_of_action(action, caller) for caller in CALLERS))
        for action in ACTION_NAMES
    ]


def name_of(route: Route) -> str:
    """Return a route's name in the table."""
    return f"`{route.method} {route.path}`"


def concerns_job(route: Route) -> bool:
    """Return whether a route has the id of a job or of a task in its path."""
    return "{job_id}" in route.path or "{task_id}" in route.path


def action_concerns_job(action: str) -> bool:
    """Return whether an action names a job."""
    return any(field.name == "job" for field in msgspec.structs.fields(ACTIONS[action]))


def rule(route: Route, caller: Caller) -> str:
    """Return the rule of a route: open routes are open, viewers read every job, operators do everything."""
    if "other" in caller and not concerns_job(route):
        return NO_JOB
    if route.is_open or caller.startswith("operator"):
        return "yes"
    if caller.startswith("viewer"):
        return "yes" if route.method == "GET" else "403"
    return "401"


def rule_of_action(action: str, caller: Caller) -> str:
    """Return the rule of an action: without a valid token no socket opens, and only operators start crawls."""
    if "other" in caller and not action_concerns_job(action):
        return NO_JOB
    if caller.startswith("operator") or (caller.startswith("viewer") and action != "crawl"):
        return "yes"
    return "401" if caller == "no token" else "403"


def table(rows: Iterable[Row]) -> str:
    """Return rows as a table in Markdown."""
    lines = [f"| {row.name} | {' | '.join(row.answers)} |" for row in rows]
    return "\n".join([f"| call | {' | '.join(CALLERS)} |", "|---|" + "---|" * len(CALLERS), *lines, ""])


def written() -> str:
    """Return the table that is in the document."""
    return DOCUMENT.read_text(encoding="utf-8").partition(_BEGIN)[2].partition(_END)[0]


def main() -> None:
    """Write the rules into the document, between its marks."""
    head, mark, rest = DOCUMENT.read_text(encoding="utf-8").partition(_BEGIN)
    DOCUMENT.write_text(f"{head}{mark}{table(documented())}{rest[rest.index(_END) :]}", encoding="utf-8")


if __name__ == "__main__":
    main()

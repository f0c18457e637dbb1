"""Tests that no string is too odd to be a name, a parameter, a query or a part of a path: none causes a 5xx."""

import json
import re
from typing import Any

import pytest

from api.app import routes
from api.routing import Route
from sockets.actions import ACTIONS, Actions
from tests.functions.gateway import LIMITS, Gateway
from tests.functions.stage import CATALOGUE, Stage
from tests.naughty.strings import naughty_strings
from umbel_core.submit import Submitter

STRINGS = naughty_strings()
PATH_PARTS = re.compile(r"\{(\w+)\}")


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Gateway:
    return Gateway(monkeypatch)


@pytest.mark.parametrize("route", routes.all, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_takes_or_refuses_every_string(gateway: Gateway, route: Route) -> None:
    """In every part of the path, as name and value of the query, as body, as a body's field, and as a header."""
    parts = PATH_PARTS.findall(route.path)
    for text in STRINGS:
        bodies = [text, {text: text, "name": text, "filename": text, "op": text}, [text]]
        calls: list[tuple[Any, dict[str, Any]]] = [
            (None, {"query": {text: text, "limit": text, "cursor": text, "status": text}}),
            *((body, {"headers": {"Idempotency-Key": text}}) for body in bodies if "body" in route.hints),
        ]
        path = dict.fromkeys(parts, text.replace("{", "").replace("}", ""))
        for body, options in calls:
            answer = gateway.call(route.method, route.path, body, **options, **path)
            assert answer.status < 500, (text, body, options)


def test_every_string_is_a_jobs_name_and_comes_back_as_it_was(gateway: Gateway) -> None:
    for text in STRINGS:
        accepted = gateway.call("POST", "/jobs", {"name": text[:200], "tasks": [{"op": "say", "input": "abc"}]})
        job_id = accepted.body["job_id"]
        assert gateway.call("GET", "/jobs/{job_id}", job_id=job_id).body["name"] == (text[:200] or job_id)


def test_no_string_is_a_parameter_of_an_op(gateway: Gateway) -> None:
    """Neither as its name nor as its value, unless the op takes that value."""
    for text in STRINGS:
        for params in ({text: 1}, {"format": text}, {"radius": text}):
            task = {"op": "soft", "input": "uploads/a.jpg", "params": params}
            answer = gateway.call("POST", "/jobs", {"tasks": [task]})
            assert answer.status == 400, params
            assert answer.body["error"]["path"].startswith("/tasks/0/params"), params


def test_every_string_in_a_sockets_message_is_answered_with_an_error() -> None:
    stage = Stage()
    stage.connections.add("s1", "operator")
    submitter = Submitter(stage.ledger, stage.uploads, CATALOGUE, LIMITS)
    actions = Actions(stage.ledger, stage.connections, submitter, stage.results.link, lambda: None)
    messages: list[Any] = [
        *({"action": text, "job": text} for text in STRINGS),
        *({"action": action, "job": text, text: text} for text in STRINGS for action in ACTIONS),
        *({"action": "crawl", "urls": [text]} for text in STRINGS),
    ]
    for body in [*STRINGS, *map(json.dumps, messages)]:
        before = len(stage.connections.received["s1"])
        actions.run("s1", body)
        sent = stage.connections.received["s1"][before:]
        assert [message["type"] for message in sent] == ["error"], body

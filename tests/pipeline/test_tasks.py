"""Tests of single tasks: sent, read at once, completed, or refused with a sentence."""

from typing import Any

import pytest

from tests.pipeline.api import ApiClient
from tests.pipeline.waiting import wait_for

pytestmark = pytest.mark.engine

FIELDS = {"id", "type", "payload", "result", "status", "timestamp_created", "timestamp_completed"}


@pytest.mark.parametrize(
    ("type_", "payload", "result"),
    [("reverse", "hello", "olleh"), ("sum", [1, 2, 3], 6), ("upper", "umbel", "UMBEL"), ("wait", 0.1, 0.1)],
)
def test_a_task_can_be_read_at_once_and_gets_its_result(api: ApiClient, type_: str, payload: Any, result: Any) -> None:
    accepted = api.post("/tasks", {"type": type_, "payload": payload})
    assert accepted.status == 202
    path = f"/tasks/{accepted.body['id']}"
    found = api.get(path).body
    assert (found["type"], found["payload"]) == (type_, payload)
    wait_for(lambda: api.get(path).body["status"] in ("completed", "failed"), f"the result of {type_}")
    ended = api.get(path).body
    assert set(ended) == FIELDS
    assert (ended["status"], ended["result"]) == ("completed", result)
    assert ended["timestamp_created"] <= ended["timestamp_completed"]


@pytest.mark.parametrize(
    ("body", "code", "part"),
    [
        ({"type": "nope", "payload": 1}, "unknown_type", "hash, "),
        ({"type": "thumbnail", "payload": "x"}, "unknown_type", "upper, "),
        ({"type": "sum", "payload": "x"}, "invalid_payload", "payload must be a list of numbers, not 'x'."),
        ({"type": "wait", "payload": 61}, "invalid_payload", "payload must be from 0 to 60, not 61."),
        ({"payload": 1}, "invalid_manifest", "type"),
    ],
)
def test_an_invalid_task_is_refused_before_it_starts(
    api: ApiClient, body: dict[str, Any], code: str, part: str
) -> None:
    refused = api.post("/tasks", body)
    assert (refused.status, refused.body["error"]["code"]) == (400, code)
    assert part in refused.body["error"]["message"]


def test_an_unknown_task_is_a_404(api: ApiClient) -> None:
    assert api.get("/tasks/j00000000000000000000").status == 404
    assert api.get("/tasks/nonsense").status == 404

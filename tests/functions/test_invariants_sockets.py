"""What a connection receives: errors with their path, and results with their URLs."""

from functools import partial
from typing import Any

import msgspec
import pytest

from sockets.actions import Actions
from tests.functions.stage import CATALOGUE, Stage
from umbel_core.catalogue import Catalogue
from umbel_core.intake_messages import read_message
from umbel_core.op import Url, describe, op
from umbel_core.settings import Limits
from umbel_core.submit import Submitter

ACTIONS = "subscribe, unsubscribe, crawl, stats, ping"


@op(serves="crawl")
def visit(url: Url) -> int:
    """Visit."""
    return 1


def send(stage: Stage, message: Any, socket: str = "s1") -> list[dict[str, Any]]:
    """Run the action of a message; return the messages that answer it."""
    submitter = Submitter(stage.ledger, stage.uploads, Catalogue([*CATALOGUE.values(), describe(visit)]), Limits())
    start_ticker = partial(stage.started.append, "ticker")
    actions = Actions(stage.ledger, stage.connections, submitter, stage.results.link, start_ticker)
    before = len(stage.connections.received[socket])
    assert actions.run(socket, msgspec.json.encode(message).decode()) == (
        message.get("action", "") if message.get("action") in ACTIONS.split(", ") else ""
    )
    return stage.connections.received[socket][before:]


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (
            {},
            {
                "code": "invalid_message",
                "message": 'Send an object with an action: {"action": "subscribe", "job": "<id>"}.',
            },
        ),
        (
            {"action": "shout"},
            {
                "code": "unknown_action",
                "message": f"There is no action 'shout'; the actions are {ACTIONS}.",
                "path": "/action",
            },
        ),
        (
            {"action": "subscribe", "job": "j" + "0" * 20},
            {"code": "no_such_job", "message": f"There is no job 'j{'0' * 20}'.", "path": "/job"},
        ),
        (
            {"action": "unsubscribe", "job": "x" * 101},
            {"code": "no_such_job", "message": f"There is no job '{'x' * 100}'.", "path": "/job"},
        ),
        (
            {"action": "stats", "stop": 1},
            {"code": "invalid_message", "message": "stop must be true or false, not 1.", "path": "/stop"},
        ),
        (
            {"action": "crawl", "urls": ["http://a/"]},
            {
                "code": "forbidden",
                "message": "This is a viewer's token; it takes an operator's token to start a crawl.",
            },
        ),
    ],
)
def test_a_refused_action_is_answered_with_code_sentence_and_place(message: Any, error: dict[str, str]) -> None:
    stage = Stage()
    stage.connections.add("s1", "viewer")
    assert send(stage, message) == [{"type": "error", "error": error}]


def test_snapshots_have_the_urls_of_results() -> None:
    stage = Stage()
    (created,) = read_message(stage.drop("uploads/hero/cat.png", b"pixels"))
    job_id, _ = stage.planner.take(created)
    stage.runner().run(stage.tasks.commands[0], 1)
    stage.relay_all()
    url = stage.results.link(f"{job_id}/big.png")
    (of_job,) = send(stage, {"action": "subscribe", "job": job_id})
    assert (of_job["topic"], of_job["tasks"][0]["result"]["url"]) == (job_id, url)
    assert of_job["job"]["variants"]["big"]["url"] == url
    (of_all,) = send(stage, {"action": "subscribe", "job": "*"})
    assert (of_all["topic"], of_all["jobs"][0]["variants"]["big"]["url"]) == ("*", url)


def test_a_crawl_action_starts_no_other_kind_of_job() -> None:
    stage = Stage()
    stage.connections.add("s1", "operator")
    (answer,) = send(stage, {"action": "crawl", "tasks": [{"op": "say", "input": "hi"}]})
    assert (answer["error"]["code"], answer["error"]["path"]) == ("invalid_manifest", "/urls")
    assert not stage.uploads.objects


def test_a_crawl_whose_connection_has_closed_meanwhile_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    stage.connections.add("s1", "operator")
    monkeypatch.setattr(stage.connections, "bind_job", lambda *_: False)
    (snapshot,) = send(stage, {"action": "crawl", "urls": ["http://a/"]})
    assert (snapshot["job"]["status"], stage.ledger.cancelled([snapshot["topic"]])) == (
        "cancelled",
        frozenset([snapshot["topic"]]),
    )


def test_a_subscription_begins_before_the_snapshot_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change between the two is sent twice, and never lost."""
    stage = Stage()
    (created,) = read_message(stage.drop("jobs/a.json", b'{"tasks":[{"op":"say","input":"hi"}]}'))
    job_id, _ = stage.planner.take(created)
    read = stage.ledger.tasks

    def checked(*given: Any) -> Any:
        assert stage.connections.subscribers([job_id]) == {job_id: {"s1"}}
        return read(*given)

    monkeypatch.setattr(stage.ledger, "tasks", checked)
    assert send(stage, {"action": "subscribe", "job": job_id})

"""The API lists the deployed ops with their lanes, scales them and sends their dead letters again."""

from typing import Any

import msgspec
import pytest

from api import ops
from relay.changes import read_changes
from tests.functions.gateway import Gateway
from tests.functions.stage import CATALOGUE
from umbel_core.fused_lane import FUSED, FusedLane
from umbel_core.lanes import LaneState
from umbel_core.ledger import INTAKE, DeadLetter, Event
from umbel_core.messages import RetryTasks
from umbel_core.op import Compute
from umbel_core.op_stats import FOREVER, CountedStats, OpStats


class FakeLanes:
    """Lanes whose scale can be set."""

    def __init__(self, **lanes: LaneState) -> None:
        self.lanes = lanes
        self.scaled: list[tuple[str, int, Compute]] = []

    def states(self) -> dict[str, LaneState]:
        return self.lanes

    def health(self) -> dict[str, str]:
        return {op: lane.state for op, lane in self.lanes.items()}

    def scale(self, op: str, concurrency: int, compute: Compute) -> None:
        self.scaled.append((op, concurrency, compute))


class FakeCounters:
    """Counters of which only one op has had a success."""

    def counted(self, since: str) -> CountedStats:
        assert since == FOREVER
        return CountedStats(forever={"say": OpStats(last_success="2026-01-31T12:00:00Z"), "recite": OpStats()})


@pytest.fixture
def lanes(monkeypatch: pytest.MonkeyPatch) -> FakeLanes:
    """A lane that is ready and one that is paused."""
    made = FakeLanes(say=LaneState(4, "ready"), soft=LaneState(0, "paused"))
    monkeypatch.setattr(ops, "lanes", lambda: made)
    return made


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch, lanes: FakeLanes) -> Gateway:
    monkeypatch.setattr(ops, "counters", FakeCounters)
    return Gateway(monkeypatch)


def events(gateway: Gateway) -> list[Event]:
    return read_changes(gateway.stage.ledger.stream).events


def test_every_op_is_listed_with_its_contract_and_its_lane(gateway: Gateway) -> None:
    answer = gateway.call("GET", "/ops")
    listed = {op["name"]: op for op in answer.body["ops"]}
    assert list(listed) == list(CATALOGUE)
    for name, card in CATALOGUE.items():
        shown = listed[name]
        assert (shown["summary"], shown["takes"], shown["carrier"], shown["returns"]) == (
            card.summary,
            card.takes,
            card.carrier,
            card.returns,
        )
        assert (shown["input"], shown["params"]) == (card.input, card.params)
        assert shown["media_types"] == list(card.media_types)
        assert shown["compute"]["memory_mb"] == card.compute.memory_mb
    assert [(listed[op]["concurrency"], listed[op]["state"]) for op in ("say", "soft", "recite")] == [
        (4, "ready"),
        (0, "paused"),
        (0, "degraded"),
    ]
    assert [listed[op].get("last_success_at") for op in ("say", "soft", "recite")] == [
        "2026-01-31T12:00:00Z",
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("op", "concurrency", "state", "kind", "sentence"),
    [
        ("say", 0, "paused", "paused", "say is paused; its work waits."),
        ("say", 7, "ready", "scaled", "say is scaled: at most 7 at a time."),
        ("soft", 1, "ready", "resumed", "soft is resumed: at most 1 at a time."),
    ],
)
def test_a_scaled_op_is_answered_and_recorded(
    gateway: Gateway, lanes: FakeLanes, op: str, concurrency: int, state: str, kind: str, sentence: str
) -> None:
    answer = gateway.call("PUT", "/ops/{op}", {"concurrency": concurrency}, op=op)
    assert (answer.status, answer.body) == (200, {"op": op, "concurrency": concurrency, "state": state})
    assert lanes.scaled == [(op, concurrency, CATALOGUE[op].compute)]
    assert [(event.kind, event.op, event.message) for event in events(gateway)] == [(kind, op, sentence)]


@pytest.mark.parametrize(
    ("method", "resource", "body", "end"),
    [
        ("PUT", "/ops/{op}", {"concurrency": 1}, "recite, say, soft."),
        ("POST", "/ops/{op}/redrive", None, "recite, say, soft, intake."),
    ],
)
def test_an_op_that_is_not_there_is_named_with_those_that_are(
    gateway: Gateway, method: str, resource: str, body: Any, end: str
) -> None:
    answer = gateway.call(method, resource, body, op="blurr")
    assert (answer.status, answer.code) == (404, "no_such_op")
    assert answer.body["error"]["message"].startswith("There is no op 'blurr' here; the ops ")
    assert answer.body["error"]["message"].endswith(f" are {end}")


def dead_letter(op: str, name: str, job_id: str | None = None, index: int | None = None) -> DeadLetter:
    return DeadLetter(op=op, id=name, body=f"body {name}", reason="r", at="2026", job_id=job_id, index=index)


def test_dead_letters_of_an_op_are_retried_with_one_message_for_each_job(gateway: Gateway) -> None:
    ledger = gateway.stage.ledger
    strange = dead_letter("say", "strange")
    for letter in (
        dead_letter("say", "1", "j1", 4),
        dead_letter("say", "2", "j2", 0),
        dead_letter("say", "3", "j1", 2),
        dead_letter("soft", "4", "j1", 1),
        strange,
    ):
        ledger.put_dead_letter(letter)
    answer = gateway.call("POST", "/ops/{op}/redrive", op="say")
    assert (answer.status, answer.body) == (202, {"op": "say", "redriven": 3})
    assert [msgspec.json.decode(body, type=RetryTasks) for body in gateway.intake.bodies] == [
        RetryTasks("j1", [4, 2]),
        RetryTasks("j2", [0]),
    ]
    assert ledger.dead_letters("say") == [strange]
    assert len(ledger.dead_letters("soft")) == 1


def test_dead_letters_of_the_intake_are_sent_again_unchanged(gateway: Gateway) -> None:
    gateway.stage.ledger.put_dead_letter(dead_letter(INTAKE, "1"))
    gateway.stage.ledger.put_dead_letter(dead_letter(INTAKE, "2"))
    answer = gateway.call("POST", "/ops/{op}/redrive", op=INTAKE)
    assert answer.body == {"op": INTAKE, "redriven": 2}
    assert gateway.intake.bodies == ["body 1", "body 2"]
    assert gateway.stage.ledger.dead_letters(INTAKE) == []


def test_one_call_redrives_a_thousand(gateway: Gateway) -> None:
    for number in range(1001):
        gateway.stage.ledger.put_dead_letter(dead_letter("say", f"{number:04}", "j1", number))
    assert gateway.call("POST", "/ops/{op}/redrive", op="say").body["redriven"] == 1000
    assert len(gateway.stage.ledger.dead_letters("say")) == 1


def test_the_lane_of_fused_recipes_is_scaled_as_that_of_an_op(
    gateway: Gateway, lanes: FakeLanes, monkeypatch: pytest.MonkeyPatch
) -> None:
    compute = Compute(timeout_seconds=80, batch=2)
    monkeypatch.setattr(ops, "catalogue", lambda: CATALOGUE.with_fused(FusedLane(("soft",), compute)))
    answer = gateway.call("PUT", "/ops/{op}", {"concurrency": 2}, op=FUSED)
    assert (answer.status, lanes.scaled) == (200, [(FUSED, 2, compute)])
    assert FUSED not in [op["name"] for op in gateway.call("GET", "/ops").body["ops"]], "it is no op"

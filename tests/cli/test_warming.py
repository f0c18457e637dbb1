"""Tests of which functions are started before their first event, and of how many API requests run at a time."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.loops import finish
from umbel import engine, warming
from umbel.engine_server import warming as served
from umbel.paths import ROOT
from umbel.stack import STACK, Deployment
from umbel_core.fused_lane import FUSED

API = "/_aws/execute-api/abc/v1/jobs"


class WaitingEngine:
    """An engine whose requests end when `go` is set."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.go = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append(scope["path"])
        await self.go.wait()


class Case:
    """A `Warming` in front of an engine."""

    def __init__(self) -> None:
        self.engine = WaitingEngine()
        self.app = served.Warming(self.engine)

    async def request(self, path: str, body: bytes = b"", *headers: tuple[bytes, bytes], method: str = "POST") -> int:
        """Send a request; return the status of the answer, 0 without one."""
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app({"type": "http", "path": path, "method": method, "headers": headers}, receive, send)
        return int(sent[0]["status"]) if sent else 0


def run(story: Callable[[Case], Awaitable[None]]) -> None:
    async def with_timeout() -> None:
        await asyncio.wait_for(story(Case()), 10)

    finish(with_timeout())


def test_functions_are_warmed_in_the_order_in_which_a_picture_meets_them() -> None:
    lanes = ["blur", "grayscale", "rotate90", "thumbnail", "upper"]
    deployed = [f"{STACK}-{name}" for name in ["publisher", "sockets", "relay", "coordinator", "authorizer", "api"]]
    deployed += [f"{STACK}-op-{op}" for op in lanes]
    names = [name.removeprefix(f"{STACK}-") for name, _ in warming.calls(deployed, ["thumbnail", "blur", "gone"])]
    roles, others = ["api", "authorizer", "coordinator", "relay", "sockets"], ["grayscale", "rotate90", "upper"]
    assert names == [*roles, "op-thumbnail", "op-blur", *(f"op-{op}" for op in others)]


def test_every_function_but_the_publisher_is_warmed() -> None:
    roles = {path.parent.name for path in (ROOT / "functions").glob("*/handler.py")}
    assert set(warming.EVENTS) == roles - {"publisher", "worker"} | {"api"}


def test_the_default_recipe_says_which_lanes_are_warmed_first() -> None:
    assert warming._first_ops() == ["thumbnail", "grayscale", "blur", "rotate90"]


def test_only_our_own_engine_is_warmed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "running", lambda: None)
    monkeypatch.setattr(warming, "_deployed", lambda _: pytest.fail("asked AWS for its functions"))
    fields: dict[str, Any] = dict.fromkeys(Deployment.__struct_fields__, "")
    for endpoint in (None, "http://127.0.0.1:4566"):
        warming.start(Deployment(**{**fields, "endpoint": endpoint}))


def test_functions_are_warmed_one_after_another_and_an_error_stops_none(monkeypatch: pytest.MonkeyPatch) -> None:
    warmed: list[tuple[str, Any]] = []

    def warm(name: str, event: Any) -> None:
        warmed.append((name, event))
        if name == "second":
            raise KeyError(name)

    async def story(case: Case) -> None:
        calls = [["first", {"Records": []}], ["second", {}], ["third", {}]]
        assert await case.request(warming.PATH, json.dumps(calls).encode()) == 202
        while len(warmed) < len(calls):
            await asyncio.sleep(0)
        assert [list(each) for each in warmed] == calls
        assert case.engine.seen == []

    monkeypatch.setattr(served, "_warm", warm)
    run(story)


@pytest.mark.parametrize("headers", [[(b"origin", b"http://localhost")], [(b"sec-fetch-site", b"same-origin")]])
def test_a_page_cannot_warm_functions(headers: list[tuple[bytes, bytes]], monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(case: Case) -> None:
        assert await case.request(warming.PATH, b"[]", *headers) == 403
        assert await case.request(warming.PATH, method="GET") == 403

    monkeypatch.setattr(served, "_warm_all", lambda _: pytest.fail("warmed"))
    run(story)


def test_a_burst_of_api_requests_waits_for_its_turn_and_nothing_else_does() -> None:
    async def story(case: Case) -> None:
        burst = [asyncio.create_task(case.request(API)) for _ in range(3 * served.MOST_API_REQUESTS)]
        others = ["/bucket/key", "/_aws/execute-api/abc/v1/@connections/socket"]
        burst += [asyncio.create_task(case.request(path)) for path in others]
        while len(case.engine.seen) < served.MOST_API_REQUESTS + len(others):
            await asyncio.sleep(0)
        for _ in range(5):
            await asyncio.sleep(0)
        assert sorted(case.engine.seen) == sorted([*[API] * served.MOST_API_REQUESTS, *others])
        case.engine.go.set()
        await asyncio.gather(*burst)
        assert case.engine.seen.count(API) == 3 * served.MOST_API_REQUESTS

    run(story)


@pytest.mark.parametrize(
    ("recipe", "lanes"),
    [
        (
            {"priority": "bulk", "blur": {}, "small": {"op": "thumbnail"}, "large": {"op": "thumbnail"}},
            ["blur", "thumbnail"],
        ),
        ({"fuse": True, "blur": {}}, [FUSED]),
        ({"fuse": {"op": "blur"}}, ["blur"]),
    ],
)
def test_the_lanes_of_the_default_recipe_are_warmed_first(recipe: dict[str, Any], lanes: list[str]) -> None:
    assert warming.lanes_of(recipe) == lanes

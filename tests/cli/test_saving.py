"""The engine's requests while its state is saved, and who may ask for that."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.loops import finish
from umbel.engine_server import saving
from umbel.engine_server.saving import PATH, Saving
from umbel.engine_server.taking import Unsaved
from umbel.snapshots import Manifest

MANIFEST = Manifest(format=1, engine="1", port=1, taken_at="now", fingerprint=None, objects=0, files={})


class Engine:
    """Writes down what reaches it; requests to /slow end when they are told to, as do those for functions."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.go = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append(scope["path"])
        if scope["path"] != "/quick":
            await self.go.wait()
        self.seen.append(f"end {scope['path']}")


class Taker:
    """Notes what the engine had done when it was copied."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.saw: list[str] = []
        self.fails: Exception | None = None
        self.discarded = False

    def collect(self) -> tuple[Path, dict[str, Any]]:
        if self.fails:
            raise self.fails
        self.saw = list(self.engine.seen)
        return Path(), {}

    def store(self, unfinished: Path, states: dict[str, Any]) -> Manifest:
        return MANIFEST

    def discard(self) -> None:
        self.discarded = True


class Case:
    """A `Saving` before an engine that is not one."""

    def __init__(self, folder: Path) -> None:
        self.engine = Engine()
        self.taker = Taker(self.engine)
        self.allowed = folder / "deployed"
        self.allowed.touch()
        self.app = Saving(self.engine, self.taker, self.allowed)  # type: ignore[arg-type]

    def ask(self, path: str, method: str = "POST", body: bytes = b"", **headers: str) -> asyncio.Task[dict[str, Any]]:
        return asyncio.create_task(self._ask(path, method, body, headers))

    async def _ask(self, path: str, method: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        async def send(message: Any) -> None:
            sent.append(message)

        named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        await self.app({"type": "http", "path": path, "method": method, "headers": named}, receive, send)
        return {"status": sent[0]["status"], **json.loads(sent[1]["body"])} if sent else {}


def run(folder: Path, story: Callable[[Case], Awaitable[None]]) -> None:
    async def told() -> None:
        await asyncio.wait_for(story(Case(folder)), 10)

    finish(told())


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0)


def test_requests_in_flight_end_first_and_new_ones_wait(tmp_path: Path) -> None:
    async def story(case: Case) -> None:
        slow = case.ask("/slow")
        await _until(lambda: "/slow" in case.engine.seen)
        saved = case.ask(PATH)
        await _until(lambda: not case.app._open.is_set())
        quick = case.ask("/quick")
        for _ in range(5):
            await asyncio.sleep(0)
        assert "/quick" not in case.engine.seen
        case.engine.go.set()
        assert await saved == {"status": 200, "taken_at": "now", "objects": 0}
        await asyncio.gather(slow, quick)
        assert case.taker.saw == ["/slow", "end /slow"]
        assert "end /quick" in case.engine.seen

    run(tmp_path, story)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/_aws/execute-api/abc/v1/jobs", {}),
        ("/2015-03-31/functions/worker/invocations", {}),
        ("/jobs", {"host": "abc.execute-api.localhost:4566"}),
        ("/", {"x_amz_target": "AmazonSQS.ReceiveMessage"}),
    ],
)
def test_what_waits_for_a_function_or_a_message_is_not_waited_for(
    tmp_path: Path, path: str, headers: dict[str, str]
) -> None:
    async def story(case: Case) -> None:
        waiting = case.ask(path, **headers)
        await _until(lambda: path in case.engine.seen)
        assert (await case.ask(PATH))["status"] == 200
        case.engine.go.set()
        await waiting

    run(tmp_path, story)


def test_health_is_answered_while_requests_are_held(tmp_path: Path) -> None:
    async def story(case: Case) -> None:
        case.app._open.clear()
        case.engine.go.set()
        await case.ask("/_localstack/health", "GET")
        assert case.engine.seen == ["/_localstack/health", "end /_localstack/health"]

    run(tmp_path, story)


def test_after_the_final_one_nothing_more_gets_in(tmp_path: Path) -> None:
    async def story(case: Case) -> None:
        assert (await case.ask(PATH, body=b'{"final": true}'))["status"] == 200
        late = case.ask("/quick")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(late, 0.05)
        assert case.engine.seen == []

    run(tmp_path, story)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), Unsaved("No space left on device")])
def test_a_failure_is_told_and_the_engine_goes_on(tmp_path: Path, error: Exception) -> None:
    async def story(case: Case) -> None:
        case.taker.fails = error
        answer = await case.ask(PATH, body=b'{"final": true}')
        assert answer == {"status": 409, "reason": "No space left on device"}
        assert case.taker.discarded
        await case.ask("/quick")
        assert case.engine.seen == ["/quick", "end /quick"]

    run(tmp_path, story)


def test_nothing_is_saved_after_a_deployment_that_failed(tmp_path: Path) -> None:
    async def story(case: Case) -> None:
        case.allowed.unlink()
        assert (await case.ask(PATH))["reason"] == "the last deployment did not end well"

    run(tmp_path, story)


@pytest.mark.parametrize(
    ("method", "headers"),
    [("GET", {}), ("POST", {"origin": "http://127.0.0.1:4566"}), ("POST", {"sec_fetch_site": "same-origin"})],
)
def test_no_page_may_ask_for_it(tmp_path: Path, method: str, headers: dict[str, str]) -> None:
    async def story(case: Case) -> None:
        assert (await case.ask(PATH, method, **headers))["status"] == 403

    run(tmp_path, story)


def test_it_saves_by_itself_after_a_write_and_not_after_a_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_EVERY", "_IDLE", "_LOOKS_EVERY"):
        monkeypatch.setattr(saving, name, 0.0)

    async def story(case: Case) -> None:
        watching = asyncio.create_task(case.app._watch())
        await _until(lambda: case.app._saved_writes == 0)
        case.engine.go.set()
        for headers in ({"x_amz_target": "DynamoDB_20120810.Query"}, {"x_amz_target": "AmazonSQS.ReceiveMessage"}):
            await case.ask("/quick", **headers)
        assert case.app._writes == 0
        await case.ask("/quick", x_amz_target="DynamoDB_20120810.PutItem")
        await _until(lambda: case.app._saved_writes == 1)
        watching.cancel()

    run(tmp_path, story)

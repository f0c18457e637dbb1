"""Tests of what happens to requests while a snapshot is taken, and of who may request a snapshot."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.loops import finish
from umbel.engine_server import snapshot_middleware
from umbel.engine_server.snapshot_middleware import PATH, SnapshotMiddleware
from umbel.engine_server.snapshot_writer import SnapshotError
from umbel.snapshots import SnapshotManifest

NO_HEADERS: Mapping[str, str] = {}
MANIFEST = SnapshotManifest(format=1, engine="1", port=1, taken_at="now", fingerprint=None, objects=0, files={})


class WaitingEngine:
    """An engine that records its requests. Each ends when `go` is set, except those to /quick, which end at once."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.go = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append(scope["path"])
        if scope["path"] != "/quick":
            await self.go.wait()
        self.seen.append(f"end {scope['path']}")


class FakeSnapshotWriter:
    """A writer that records what the engine had done when its state was copied."""

    def __init__(self, engine: WaitingEngine) -> None:
        self.engine = engine
        self.copied: list[str] = []
        self.error: Exception | None = None
        self.discarded = False

    def collect(self) -> tuple[Path, dict[str, Any]]:
        if self.error:
            raise self.error
        self.copied = list(self.engine.seen)
        return Path(), {}

    def store(self, unfinished: Path, states: dict[str, Any]) -> SnapshotManifest:
        return MANIFEST

    def discard(self) -> None:
        self.discarded = True


class Case:
    """A `SnapshotMiddleware` with a fake engine and a fake writer."""

    def __init__(self, folder: Path) -> None:
        self.engine = WaitingEngine()
        self.writer = FakeSnapshotWriter(self.engine)
        self.allowed = folder / "deployed"
        self.allowed.touch()
        self.app = SnapshotMiddleware(self.engine, self.writer, self.allowed)  # type: ignore[arg-type]

    def request(
        self, path: str, method: str = "POST", body: bytes = b"", headers: Mapping[str, str] = NO_HEADERS
    ) -> asyncio.Task[dict[str, Any]]:
        return asyncio.create_task(self._request(path, method, body, headers))

    async def _request(self, path: str, method: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        async def send(message: Any) -> None:
            sent.append(message)

        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        await self.app({"type": "http", "path": path, "method": method, "headers": encoded}, receive, send)
        return {"status": sent[0]["status"], **json.loads(sent[1]["body"])} if sent else {}


def run(folder: Path, story: Callable[[Case], Awaitable[None]]) -> None:
    async def with_timeout() -> None:
        await asyncio.wait_for(story(Case(folder)), 10)

    finish(with_timeout())


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0)


def test_a_snapshot_waits_for_requests_in_flight_and_new_requests_wait_for_it(tmp_path: Path) -> None:
    async def story(case: Case) -> None:
        slow = case.request("/slow")
        await _until(lambda: "/slow" in case.engine.seen)
        saved = case.request(PATH)
        await _until(lambda: not case.app._accepting.is_set())
        quick = case.request("/quick")
        for _ in range(5):
            await asyncio.sleep(0)
        assert "/quick" not in case.engine.seen
        case.engine.go.set()
        assert await saved == {"status": 200, "taken_at": "now", "objects": 0}
        await asyncio.gather(slow, quick)
        assert case.writer.copied == ["/slow", "end /slow"]
        assert "end /quick" in case.engine.seen

    run(tmp_path, story)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/_aws/execute-api/abc/v1/jobs", {}),
        ("/2015-03-31/functions/worker/invocations", {}),
        ("/jobs", {"host": "abc.execute-api.localhost:4566"}),
        ("/", {"x-amz-target": "AmazonSQS.ReceiveMessage"}),
    ],
)
def test_a_snapshot_does_not_wait_for_function_calls_and_polls(
    tmp_path: Path, path: str, headers: dict[str, str]
) -> None:
    async def story(case: Case) -> None:
        waiting = case.request(path, headers=headers)
        await _until(lambda: path in case.engine.seen)
        assert (await case.request(PATH))["status"] == 200
        case.engine.go.set()
        await waiting

    run(tmp_path, story)


def test_health_is_answered_while_requests_wait(tmp_path: Path) -> None:
    async def story(case: Case) -> None:
        case.app._accepting.clear()
        case.engine.go.set()
        await case.request("/_localstack/health", "GET")
        assert case.engine.seen == ["/_localstack/health", "end /_localstack/health"]

    run(tmp_path, story)


def test_after_the_final_snapshot_no_request_reaches_the_engine(tmp_path: Path) -> None:
    async def story(case: Case) -> None:
        assert (await case.request(PATH, body=b'{"final": true}'))["status"] == 200
        late = case.request("/quick")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(late, 0.05)
        assert case.engine.seen == []

    run(tmp_path, story)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), SnapshotError("No space left on device")])
def test_a_failed_snapshot_is_reported_and_the_engine_goes_on(tmp_path: Path, error: Exception) -> None:
    async def story(case: Case) -> None:
        case.writer.error = error
        answer = await case.request(PATH, body=b'{"final": true}')
        assert answer == {"status": 409, "reason": "No space left on device"}
        assert case.writer.discarded
        await case.request("/quick")
        assert case.engine.seen == ["/quick", "end /quick"]

    run(tmp_path, story)


def test_nothing_is_saved_after_a_deployment_that_failed(tmp_path: Path) -> None:
    async def story(case: Case) -> None:
        case.allowed.unlink()
        assert (await case.request(PATH))["reason"] == "the last deployment failed"

    run(tmp_path, story)


@pytest.mark.parametrize(
    ("method", "headers"),
    [("GET", {}), ("POST", {"origin": "http://127.0.0.1:4566"}), ("POST", {"sec-fetch-site": "same-origin"})],
)
def test_a_web_page_may_not_request_a_snapshot(tmp_path: Path, method: str, headers: dict[str, str]) -> None:
    async def story(case: Case) -> None:
        assert (await case.request(PATH, method, headers=headers))["status"] == 403

    run(tmp_path, story)


def test_an_automatic_snapshot_follows_a_write_and_not_a_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_MIN_INTERVAL", "_IDLE_TIME", "_CHECK_INTERVAL"):
        monkeypatch.setattr(snapshot_middleware, name, 0.0)

    async def story(case: Case) -> None:
        saving = asyncio.create_task(case.app._save_regularly())
        await _until(lambda: case.app._saved_writes == 0)
        case.engine.go.set()
        for action in ("DynamoDB_20120810.Query", "AmazonSQS.ReceiveMessage"):
            await case.request("/quick", headers={"x-amz-target": action})
        assert case.app._writes == 0
        await case.request("/quick", headers={"x-amz-target": "DynamoDB_20120810.PutItem"})
        await _until(lambda: case.app._saved_writes == 1)
        saving.cancel()

    run(tmp_path, story)

"""A fake API that runs `upper` in memory, a few tasks at each read, so that no test waits."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

NOW = "2026-01-31T12:00:00.000Z"
PAGE = 200


class FakeApi(ThreadingHTTPServer):
    """Jobs by id, each a list of tasks of which `per_read` more end whenever its tasks are read."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.jobs: dict[str, list[dict[str, Any]]] = {}
        self.status: dict[str, str] = {}
        self.cancelled: list[str] = []
        self.asked: list[str] = []
        """Method and path of each request."""
        self.bodies: list[tuple[str, bytes]] = []
        """The body of each request."""
        self.keys: list[str] = []
        """The `Idempotency-Key` of each request that had one."""
        self.answers_by_key: dict[str, tuple[int, Any]] = {}
        """What a request with the same `Idempotency-Key` is answered."""
        self.lost = 0
        """How many of the next requests get no answer."""
        self.per_read = 150
        self.max_tasks = 10_000
        self.answers: dict[str, tuple[int, Any]] = {}
        """Method and path -> a fixed answer, instead of the computed one."""

    def submit(self, specs: list[dict[str, Any]]) -> str:
        """Create a job; tasks with the input `bad` will fail."""
        job_id = f"j{len(self.jobs):020x}"
        self.jobs[job_id] = [_task(job_id, index, spec) for index, spec in enumerate(specs)]
        return job_id

    def job(self, job_id: str) -> dict[str, Any]:
        """Return a job's record."""
        tasks = self.jobs[job_id]
        statuses = [task["status"] for task in tasks]
        counts = {name: statuses.count(name) for name in ("completed", "failed", "skipped")}
        version = sum(counts.values())
        status = ("failed" if counts["failed"] else "completed") if version == len(tasks) else "running"
        own = {"id": job_id, "kind": "manifest", "name": "n", "created_at": NOW, "updated_at": NOW, "version": version}
        return {**own, "status": self.status.get(job_id, status), "counts": {"total": len(tasks), **counts}}

    def end_some(self, job_id: str) -> None:
        """Run the next tasks of a job."""
        waiting = [task for task in self.jobs[job_id] if task["status"] == "pending"]
        for task in waiting[: self.per_read]:
            bad = task["input"] == "bad"
            error = {"code": "invalid_input", "message": "bad is bad."}
            ended = {"status": "failed", "error": error} if bad else {"result": str(task["input"]).upper()}
            task.update({"status": "completed", "version": 2, **ended})

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        """Return the status and body for one request."""
        match method, path.strip("/").split("/"):
            case "POST", ["jobs"]:
                if len(body["tasks"]) > self.max_tasks:
                    return 413, _error("too_many_tasks", f"At most {self.max_tasks} tasks.", "/tasks")
                return 202, {"job_id": self.submit(body["tasks"]), "status": "pending"}
            case "GET", ["jobs", job_id] if job_id in self.jobs:
                return 200, self.job(job_id)
            case "DELETE", ["jobs", job_id]:
                self.cancelled.append(job_id)
                return 202, {"job_id": job_id, "status": "cancelled"}
            case "GET", ["jobs", job_id, "tasks"]:
                self.end_some(job_id)
                start, size = int(query.get("cursor", 0)), min(int(query["limit"]), PAGE)
                more = start + size < len(self.jobs[job_id])
                tasks = self.jobs[job_id][start : start + size]
                return 200, {"tasks": tasks, "cursor": str(start + size) if more else None}
        return 404, _error("no_such_job", "There is no such job.")


class _Handler(BaseHTTPRequestHandler):
    server: FakeApi
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        url = urlsplit(self.path)
        asked = f"{self.command} {url.path}"
        self.server.asked.append(asked)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if key := self.headers.get("Idempotency-Key"):
            self.server.keys.append(key)
        if self.server.lost:
            self.server.lost -= 1
            self.close_connection = True
            return
        given = self.server.answers.get(asked) or self.server.answers_by_key.get(key or "")
        self.server.bodies.append((asked, raw))
        status, body = given or self.server.answer(self.command, url.path, query, json.loads(raw) if raw else None)
        if key and status < 300:
            self.server.answers_by_key[key] = 200, body
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the names that http.server calls

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[FakeApi]:
    """Serve the API until the block ends."""
    with FakeApi() as api:
        threading.Thread(target=api.serve_forever, args=(0.01,), daemon=True).start()
        yield api
        api.shutdown()


def _task(job_id: str, index: int, spec: dict[str, Any]) -> dict[str, Any]:
    own = {"id": f"{job_id}.{index}", "job_id": job_id, "variant": f"{spec['op']}-{index}", "queued_at": NOW}
    return {**own, **spec, "status": "pending", "version": 1}


def _error(code: str, message: str, path: str | None = None) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, **({"path": path} if path else {})}}

"""The HTTP API as a stranger would call it: nothing of the project's own client."""

import json
from typing import Any, NamedTuple

import urllib3


class Answer(NamedTuple):
    """One answer; `body` is decoded when it is JSON."""

    status: int
    body: Any
    headers: urllib3.HTTPHeaderDict


class Api:
    """Calls with one token, or with none."""

    def __init__(self, address: str, token: str | None) -> None:
        self.address = address
        self.token = token
        self._http = urllib3.PoolManager(retries=False, timeout=60)

    def call(self, method: str, path: str, body: Any = None) -> Answer:
        """One call. A body of bytes goes as it is, anything else as JSON."""
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        answer = self._http.request(method, f"{self.address}{path}", body=sent, headers=headers, redirect=False)
        is_json = answer.headers.get("Content-Type", "").startswith("application/json") and answer.data
        return Answer(answer.status, json.loads(answer.data) if is_json else answer.data, answer.headers)

    def get(self, path: str) -> Answer:
        """What is there."""
        return self.call("GET", path)

    def post(self, path: str, body: Any = None) -> Answer:
        """Have something done."""
        return self.call("POST", path, body)

    def put(self, path: str, body: Any) -> Answer:
        """Change something."""
        return self.call("PUT", path, body)

    def run(self, *tasks: dict[str, Any], **manifest: Any) -> str:
        """Submit a manifest; its job's id."""
        answer = self.post("/jobs", {"tasks": list(tasks), **manifest})
        assert answer.status == 202, answer
        return str(answer.body["job_id"])

    def tasks(self, job: str) -> list[dict[str, Any]]:
        """All tasks of a job."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.get(f"/jobs/{job}/tasks?limit=200{cursor}").body
            found += page["tasks"]
            if not page["cursor"]:
                return found
            cursor = f"&cursor={page['cursor']}"


def open_link(url: str) -> bytes:
    """What a browser gets from an address."""
    answer = urllib3.request("GET", url, retries=False)
    assert answer.status == 200, (answer.status, answer.data[:300])
    return answer.data


def send_form(url: str, fields: dict[str, str], data: bytes) -> int:
    """Post a file with a ticket, as a browser does; the status."""
    form: dict[str, Any] = {**fields, "file": ("file", data)}
    return urllib3.request("POST", url, fields=form, retries=False).status

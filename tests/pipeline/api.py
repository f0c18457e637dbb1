"""Call the HTTP API with urllib3, without the project's own client."""

import json
from typing import Any, NamedTuple

import urllib3


class Answer(NamedTuple):
    """One response; `body` is decoded when it is JSON, else bytes."""

    status: int
    body: Any
    headers: urllib3.HTTPHeaderDict


class ApiClient:
    """Calls the API with one token, or with none."""

    def __init__(self, url: str, token: str | None) -> None:
        self.url = url
        self.token = token
        self._http = urllib3.PoolManager(retries=False, timeout=60)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send one request. A body of bytes is sent unchanged, anything else as JSON."""
        headers = {"Content-Type": "application/json", "Accept": "*/*", **headers}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        answer = self._http.request(method, f"{self.url}{path}", body=sent, headers=headers, redirect=False)
        is_json = answer.headers.get("Content-Type", "").startswith("application/json") and answer.data
        return Answer(answer.status, json.loads(answer.data) if is_json else answer.data, answer.headers)

    def get(self, path: str) -> Answer:
        """Send a GET."""
        return self.call("GET", path)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a POST."""
        return self.call("POST", path, body, **headers)

    def put(self, path: str, body: Any) -> Answer:
        """Send a PUT."""
        return self.call("PUT", path, body)

    def run(self, *tasks: dict[str, Any], **manifest: Any) -> str:
        """Submit a manifest; return its job's id."""
        answer = self.post("/jobs", {"tasks": list(tasks), **manifest})
        assert answer.status == 202, answer
        return str(answer.body["job_id"])

    def tasks(self, job: str) -> list[dict[str, Any]]:
        """Return all tasks of a job, page by page."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.get(f"/jobs/{job}/tasks?limit=200{cursor}").body
            found += page["tasks"]
            if not page["cursor"]:
                return found
            cursor = f"&cursor={page['cursor']}"


def open_link(url: str) -> bytes:
    """Get a URL without a token, as a browser does; return the body."""
    answer = urllib3.request("GET", url, retries=False)
    assert answer.status == 200, (answer.status, answer.data[:300])
    return answer.data


def send_form(url: str, fields: dict[str, str], data: bytes) -> int:
    """Post a file with the fields of an upload ticket, as a browser does; return the status."""
    form: dict[str, Any] = {**fields, "file": ("file", data)}
    return urllib3.request("POST", url, fields=form, retries=False).status

"""Tests of the request filter: which headers are allowed, which are refused, and which requests are redirected."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from tests.loops import finish
from umbel.engine_server.request_filter import RequestFilter

PORT = 4566
OWN = "127.0.0.1:4566"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
Headers = Sequence[tuple[str, str]]
Answer = tuple[int, dict[str, str], str]


class CountingEngine:
    """An engine that answers 200 to every request and counts them."""

    def __init__(self) -> None:
        self.requests = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.requests += 1
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
        else:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})


def ask(
    *headers: tuple[str, str],
    kind: str = "http",
    method: str = "GET",
    path: str = "/",
    query: str = "",
    hosts: Sequence[str] = (),
) -> Answer:
    """Send one request through a filter; return the status, headers and body. A closed WebSocket counts as 403."""
    engine = CountingEngine()
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": kind,
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
    }
    finish(RequestFilter(engine, PORT, hosts)(scope, receive, send))
    first = sent[0]
    if first["type"] == "websocket.accept":
        status = 200
    elif first["type"] == "websocket.close":
        status = 403
    else:
        status = first["status"]
    assert engine.requests == (status == 200), "exactly the allowed requests reach the engine"
    answered = {name.decode(): value.decode() for name, value in first.get("headers", ())}
    return status, answered, b"".join(message.get("body", b"") for message in sent[1:]).decode()


PROGRAMS: list[Headers] = [
    [("host", OWN)],
    [("Host", OWN), ("User-Agent", "aws-cli/2.31 md/awscrt")],
    [("host", "localhost:4566")],
    [("host", "LOCALHOST:4566")],
    [("host", "localhost.:4566")],
    [("host", "umbel-results.localhost:4566")],
    [("host", "[::1]:4566")],
    [("host", "127.0.0.2:4566")],
    [("host", "localhost:8080")],
    [("host", "127.0.0.1")],
]
OWN_PAGE: list[Headers] = [
    [("host", OWN), ("origin", "http://127.0.0.1:4566"), ("sec-fetch-site", "same-origin")],
    [("host", OWN), ("origin", "http://localhost:4566"), ("sec-fetch-site", "cross-site")],
    [("host", "localhost:4566"), ("origin", "http://127.0.0.1:4566")],
    [("host", "[::1]:4566"), ("origin", "http://[::1]:4566")],
    [("host", "localhost:8080"), ("origin", "http://localhost:8080"), ("sec-fetch-site", "same-origin")],
    [("host", OWN), ("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")],
    [("host", OWN), ("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")],
    [("host", OWN), ("user-agent", FIREFOX)],
]
FOREIGN_PAGES: list[Headers] = [
    [("host", OWN), ("origin", "https://evil.example")],
    [("host", OWN), ("Origin", "https://evil.example")],
    [("host", OWN), ("ORIGIN", " https://evil.example ")],
    [("host", OWN), ("origin", "null")],
    [("host", OWN), ("origin", "")],
    [("host", OWN), ("origin", "file://")],
    [("host", OWN), ("origin", "chrome-extension://abcdefghijklmnop")],
    [("host", OWN), ("origin", "http://127.0.0.1:8123")],
    [("host", OWN), ("origin", "http://localhost:8123"), ("sec-fetch-site", "cross-site")],
    [("host", OWN), ("origin", "http://localhost")],
    [("host", OWN), ("origin", "https://localhost:4566")],
    [("host", OWN), ("origin", "http://evil.example:4566")],
    [("host", OWN), ("origin", "http://localhost.evil.example:4566")],
    [("host", OWN), ("origin", "http://127.0.0.1:4566.evil.example")],
    [("host", OWN), ("origin", "http://127.0.0.1:4566@evil.example")],
    [("host", OWN), ("origin", "http://evil.example@127.0.0.1:4566")],
    [("host", OWN), ("origin", "http://127.0.0.1:4566/")],
    [("host", OWN), ("origin", "http://127.0.0.1:4566, http://evil.example")],
    [("host", OWN), ("origin", "http://127.0.0.1:4566 http://evil.example")],
    [("host", OWN), ("origin", "http://127.0.0.1:45660")],
    [("host", OWN), ("origin", "http://127.0.0.1:99999")],
    [("host", OWN), ("origin", "http://[")],
    [("host", OWN), ("origin", "http://[::1")],
    [("host", OWN), ("origin", "http://0.0.0.0:4566")],
    [("host", OWN), ("origin", "http://127.0.0.1:4566"), ("origin", "https://evil.example")],
    [("host", OWN), ("sec-fetch-site", "cross-site")],
    [("host", OWN), ("sec-fetch-site", "Cross-Site")],
    [("host", OWN), ("sec-fetch-site", "same-site")],
    [("host", OWN), ("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")],
    [("host", OWN), ("sec-fetch-site", "none, cross-site")],
    [("host", OWN), ("sec-fetch-site", "")],
    [("host", OWN), ("sec-fetch-site", "something-new")],
]
FOREIGN_HOSTS: list[Headers] = [
    [],
    [("host", "")],
    [("host", "evil.example")],
    [("host", "evil.example:4566")],
    [("host", "evil.example:4566"), ("origin", "http://evil.example:4566"), ("sec-fetch-site", "same-origin")],
    [("host", "localhost.evil.example:4566")],
    [("host", "evil-localhost:4566")],
    [("host", "127.0.0.1.evil.example:4566")],
    [("host", "127.0.0.1.nip.io")],
    [("host", "0.0.0.0:4566")],
    [("host", "[::]:4566")],
    [("host", "192.168.1.5:4566")],
    [("host", "169.254.169.254")],
    [("host", "localhost..:4566")],
    [("host", "localhost:4566:4566")],
    [("host", "localhost:x")],
    [("host", "localhost:4566/")],
    [("host", "localhost@evil.example")],
    [("host", "localhost, evil.example")],
    [("host", OWN), ("host", "evil.example")],
    [("host", OWN), ("host", OWN)],
    [("x-forwarded-host", OWN), ("host", "evil.example")],
]


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("headers", [*PROGRAMS, *OWN_PAGE])
def test_requests_of_programs_and_of_the_own_page_are_allowed(headers: Headers, kind: str) -> None:
    assert ask(*headers, kind=kind)[0] == 200


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("headers", [*FOREIGN_PAGES, *FOREIGN_HOSTS])
def test_foreign_pages_and_hosts_are_refused_before_the_engine_sees_them(headers: Headers, kind: str) -> None:
    assert ask(*headers, kind=kind)[0] == 403


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
@pytest.mark.parametrize("path", ["/", "/_ministack/reset", "/_localstack/health", "/2015-03-31/functions"])
def test_no_method_or_path_allows_a_foreign_origin(method: str, path: str) -> None:
    assert ask(("host", OWN), ("origin", "https://evil.example"), method=method, path=path)[0] == 403
    assert ask(("host", OWN), ("origin", "http://127.0.0.1:4566"), method=method, path=path)[0] == 200


def test_a_preflight_of_a_foreign_page_is_refused() -> None:
    wanted = ("access-control-request-method", "POST")
    status, headers, _ = ask(("host", OWN), ("origin", "https://evil.example"), wanted, method="OPTIONS")
    assert status == 403
    assert not [name for name in headers if name.startswith("access-control")]


@pytest.mark.parametrize("query", ["Action=ListQueues", "a=b&Action=DeleteQueue", "%41ction=ListQueues", "Action="])
@pytest.mark.parametrize(
    "sent",
    [
        # A redirect from a URL that was typed.
        [("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")],
        [("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "no-cors")],
        # A picture in a foreign page, in a browser that sends no Sec-Fetch-Site.
        [("user-agent", FIREFOX)],
    ],
)
def test_a_browser_cannot_call_an_api_by_a_url(sent: Headers, query: str) -> None:
    assert ask(("host", OWN), *sent, query=query)[0] == 403


def test_a_program_can_call_an_api_by_a_url() -> None:
    assert ask(("host", OWN), ("user-agent", "curl/8.5.0"), query="Action=ListQueues")[0] == 200


@pytest.mark.parametrize("host", ["devbox:4566", "DEVBOX:4566", "devbox.:4566", "devbox", "192.168.1.5:4566"])
def test_a_configured_host_name_is_allowed_and_only_its_own_page(host: str) -> None:
    hosts = ("devbox", "192.168.1.5")
    assert ask(("host", host), hosts=hosts)[0] == 200
    assert ask(("host", host), ("origin", f"http://{host}"), hosts=hosts)[0] == 200
    for origin in ("http://evil.example", "http://devbox:3000", "null", "http://127.0.0.1:4566"):
        assert ask(("host", host), ("origin", origin), hosts=hosts)[0] == 403
    assert ask(("host", host))[0] == 403
    assert ask(("host", "other:4566"), hosts=hosts)[0] == 403


def test_a_page_at_a_configured_name_may_not_send_requests_to_the_loopback_name() -> None:
    assert ask(("host", OWN), ("origin", "http://devbox:4566"), hosts=("devbox",))[0] == 403


OPENED = (("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document"))


@pytest.mark.parametrize(
    ("host", "hosts", "url"),
    [
        ("localhost:4566", (), "http://127.0.0.1:4566/web/index.html?view=ops"),
        ("[::1]:4566", (), "http://127.0.0.1:4566/web/index.html?view=ops"),
        ("127.0.0.1:4566", (), None),
        ("localhost:8080", (), None),
        ("devbox:4566", ("devbox",), None),
        ("127.0.0.1:4566", ("devbox",), "http://devbox:4566/web/index.html?view=ops"),
        ("192.168.1.5:4566", ("devbox", "192.168.1.5"), "http://devbox:4566/web/index.html?view=ops"),
        ("localhost:4566", ("localhost:8080",), "http://localhost:8080/web/index.html?view=ops"),
        ("localhost:8080", ("localhost:8080",), None),
    ],
)
@pytest.mark.parametrize("sent", [OPENED, (("upgrade-insecure-requests", "1"),)])
def test_a_page_opened_by_another_name_is_redirected_to_the_host_of_its_links(
    host: str, hosts: Sequence[str], url: str | None, sent: Headers
) -> None:
    status, headers, _ = ask(("host", host), *sent, path="/web/index.html", query="view=ops", hosts=hosts)
    assert (status, headers.get("location")) == ((307, url) if url else (200, None))


@pytest.mark.parametrize(
    ("sent", "method", "path"),
    [
        ((), "GET", "/web/config.json"),
        ((("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")), "GET", "/web/config.json"),
        ((("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "navigate")), "GET", "/web/index.html"),
        ((("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")), "GET", "/"),
        (OPENED, "POST", "/"),
        (OPENED, "GET", "http://evil.example/"),
    ],
)
def test_only_a_page_that_a_person_opens_is_redirected(sent: Headers, method: str, path: str) -> None:
    assert ask(("host", "localhost:4566"), *sent, method=method, path=path)[0] == 200


def test_a_person_who_follows_a_foreign_link_is_told_what_to_do() -> None:
    link = (("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document"))
    status, headers, body = ask(("host", OWN), *link)
    assert status == 403
    assert headers["content-type"].startswith("text/plain")
    assert "press Enter" in body


def test_a_program_gets_the_reason_as_json() -> None:
    _, headers, body = ask(("host", OWN), ("origin", "https://evil.example"))
    assert headers["content-type"] == "application/json"
    assert headers["x-content-type-options"] == "nosniff"
    error = json.loads(body)["error"]
    assert error["code"] == "forbidden"
    assert "https://evil.example" in error["message"]


def test_lifespan_events_reach_the_engine() -> None:
    seen: list[str] = []

    async def engine(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    finish(RequestFilter(engine, PORT)({"type": "lifespan"}, None, None))  # type: ignore[arg-type]
    assert seen == ["lifespan"]

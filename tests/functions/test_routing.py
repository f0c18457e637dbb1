"""A route is a typed function: its signature says what a call takes and answers."""

import base64
from typing import Any

import msgspec
import pytest
from chalice.app import Chalice

from api import routing
from api.routing import File, Redirect, Routes, Text, contract_form, fits_into_answer, read_query
from tests.functions.gateway import ENVIRONMENT, ORIGINS, proxy_event
from umbel_core.contract.limits import MAX_ANSWER_BYTES, MAX_REQUEST_BYTES
from umbel_core.errors import Rejected


class Page(msgspec.Struct, forbid_unknown_fields=True):
    """A query."""

    limit: int = 20
    name: str = "all"


class Item(msgspec.Struct, forbid_unknown_fields=True):
    """A body and an answer."""

    title: str
    pages: int = 1


def items(query: Page) -> Item:
    if query.name == "none":
        raise Rejected("no_such_job", "There is no item.")
    return Item(query.name, query.limit)


def add(body: Item) -> Item:
    return body


def raw(name: str, body: bytes) -> Text:
    return Text(f"{name} {body!r}", "text/plain")


def file() -> File:
    return File(b"\xff\x00", "image/png", name="a.png")


def nameless() -> File:
    return File(b"x", "image/png")


def elsewhere() -> Redirect:
    return Redirect("https://example.org/x")


def served() -> tuple[Chalice, Routes]:
    """Return an app with these routes. Each test registers them anew, so that it tests how they are registered."""
    app = Chalice("items", configure_logs=False)
    app.api.binary_types = []
    app.register_middleware(contract_form)
    routes = Routes(app)
    routes.route("GET", "/items", errors=("no_such_job",))(items)
    routes.route("POST", "/items", status=201, errors=iter(["too_large", "invalid_body"]))(add)
    routes.route("POST", "/raw/{name}", accepts=(Item,))(raw)
    routes.route("GET", "/file", is_open=True)(file)
    routes.route("GET", "/nameless")(nameless)
    routes.route("GET", "/elsewhere")(elsewhere)
    return app, routes


class Answer(msgspec.Struct):
    """What API Gateway gets."""

    status: int
    headers: dict[str, str]
    body: Any
    is_base64: bool


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing, "environment", lambda: ENVIRONMENT)


def call(method: str, resource: str, body: Any = None, **options: Any) -> Answer:
    app, _ = served()
    made = app(proxy_event(method, resource, body, **options), None)
    headers = {**made["headers"], **{name: values[0] for name, values in made["multiValueHeaders"].items()}}
    text = made["body"]
    is_json = headers.get("Content-Type") == "application/json"
    return Answer(
        made["statusCode"], headers, msgspec.json.decode(text) if is_json else text, made.get("isBase64Encoded", False)
    )


def error_of(answer: Answer) -> tuple[int, str, str, str | None]:
    error = answer.body["error"]
    return answer.status, error["code"], error["message"], error.get("path")


def test_a_registered_route_keeps_its_declaration_and_its_function() -> None:
    _, routes = served()
    declared = [(found.method, found.path, found.view, found.status, found.errors) for found in routes.all]
    assert declared[:3] == [
        ("GET", "/items", items, 200, ("no_such_job",)),
        ("POST", "/items", add, 201, ("too_large", "invalid_body")),
        ("POST", "/raw/{name}", raw, 200, ()),
    ]
    assert [found.path for found in routes.all if found.is_open] == ["/file"]
    assert [found.accepts for found in routes.all if found.accepts] == [(Item,)]
    assert routes.all[0].hints == {"query": Page, "return": Item}


def test_an_error_that_the_contract_does_not_have_cannot_be_declared() -> None:
    with pytest.raises(AssertionError, match=r"GET /x: \{'no_such_item'\} are not in the contract"):
        Routes(Chalice("x", configure_logs=False)).route("GET", "/x", errors=("no_such_item",))(items)


@pytest.mark.parametrize(
    ("query", "body"),
    [
        (None, {"title": "all", "pages": 20}),
        ({"limit": "7", "name": "7"}, {"title": "7", "pages": 7}),
        ({"limit": "-1"}, {"title": "all", "pages": -1}),
        ({"limit": "9" * 18}, {"title": "all", "pages": 10**18 - 1}),
    ],
)
def test_a_query_is_read_into_its_struct(query: dict[str, str] | None, body: Any) -> None:
    answer = call("GET", "/items", query=query)
    assert (answer.status, answer.body) == (200, body)


@pytest.mark.parametrize(
    ("query", "code", "sentence", "path"),
    [
        ({"limit": "many"}, "invalid_limit", "limit must be a whole number, not 'many'.", "/limit"),
        ({"limit": "1" * 19}, "invalid_limit", f"limit must be a whole number, not '{'1' * 19}'.", "/limit"),
        ({"limit": "٣"}, "invalid_limit", "limit must be a whole number, not '٣'.", "/limit"),
        ({"limits": "1"}, "invalid_query", "limits is not known; did you mean limit?", "/limits"),
    ],
)
def test_a_wrong_query_is_refused_by_name(query: dict[str, str], code: str, sentence: str, path: str) -> None:
    assert error_of(call("GET", "/items", query=query)) == (400, code, sentence, path)


def test_a_call_without_a_query_takes_none() -> None:
    answer = call("GET", "/file", query={"a": "1", "b": "2"})
    sentence = "a is not known; this call takes no query parameters."
    assert error_of(answer) == (400, "invalid_query", sentence, "/a")


def test_a_query_that_is_wrong_as_a_whole_is_refused_without_a_path() -> None:
    class Named(msgspec.Struct):
        name: str

    with pytest.raises(Rejected) as refusal:
        read_query({}, Named)
    assert refusal.value.code == "invalid_query"


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        ("{", "invalid_json", None),
        ({"title": 3}, "invalid_body", "/title"),
        ({"title": "a", "page": 3}, "invalid_body", "/page"),
        (" " * (MAX_REQUEST_BYTES + 1), "too_large", None),
    ],
)
def test_a_wrong_body_is_refused_where_it_is_wrong(body: Any, code: str, path: str | None) -> None:
    status, found, sentence, where = error_of(call("POST", "/items", body))
    assert (status, found, where) == (413 if code == "too_large" else 400, code, path)
    assert sentence
    if code == "too_large":
        assert sentence == (
            "The request has 6.0 MB; at most 6.0 MB are taken. "
            "Send a large picture by POST /uploads, a large manifest to jobs/ in the uploads bucket."
        )


def test_a_body_is_a_struct_or_the_bytes_as_sent() -> None:
    answer = call("POST", "/items", {"title": "a", "pages": 3})
    assert (answer.status, answer.body, answer.is_base64) == (201, {"title": "a", "pages": 3}, False)
    sent = '{"ü": 1}'
    text = call("POST", "/raw/{name}", sent, name="n")
    assert (text.status, text.body, text.headers["Content-Type"]) == (200, f"n {sent.encode()!r}", "text/plain")
    largest = " " * MAX_REQUEST_BYTES
    assert call("POST", "/raw/{name}", largest, name="n").status == 200


def test_a_file_is_sent_as_bytes_with_its_name() -> None:
    answer = call("GET", "/file")
    assert (answer.status, answer.is_base64, base64.b64decode(answer.body)) == (200, True, b"\xff\x00")
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Content-Disposition"] == 'inline; filename="a.png"'
    assert "Content-Disposition" not in call("GET", "/nameless").headers


def test_a_redirect_names_its_target() -> None:
    answer = call("GET", "/elsewhere")
    assert (answer.status, answer.headers["Location"], answer.body) == (302, "https://example.org/x", "")


def test_a_refusal_has_its_code_and_sentence() -> None:
    assert error_of(call("GET", "/items", query={"name": "none"})) == (404, "no_such_job", "There is no item.", None)


def test_chalices_own_errors_have_the_contracts_form() -> None:
    status, code, sentence, _ = error_of(call("DELETE", "/items"))
    assert (status, code) == (405, "method_not_allowed")
    assert "DELETE" in sentence


@pytest.mark.parametrize(
    ("origin", "allowed"), [(ORIGINS[1], ORIGINS[1]), ("https://evil.example", ORIGINS[0]), (None, ORIGINS[0])]
)
def test_every_answer_says_who_may_read_it_and_is_logged(
    origin: str | None, allowed: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = call("GET", "/items", headers={"Origin": origin} if origin else None)
    assert answer.headers["Access-Control-Allow-Origin"] == allowed
    assert answer.headers["Vary"] == "Origin"
    assert (answer.headers["Cache-Control"], answer.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
    logged = vars(caplog.records[-1])
    assert (logged["message"], logged["method"], logged["path"], logged["status"]) == ("answered", "GET", "/items", 200)


def test_an_answer_fits_when_its_json_inside_json_does() -> None:
    overhead = len('"{\\"title\\":\\"\\",\\"pages\\":1}"')
    assert fits_into_answer(Item("x" * (MAX_ANSWER_BYTES - overhead)))
    assert not fits_into_answer(Item("x" * (MAX_ANSWER_BYTES - overhead + 1)))

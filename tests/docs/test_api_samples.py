"""Every request and every answer that docs/api.md shows fits the contract; `…` stands for what is left out."""

import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest

from api.app import routes
from api.routing import Route, read_query
from infra.openapi import example_of
from infra.openapi_examples import ANSWERS, REQUESTS
from tests.docs.reading import ROOT, blocks
from umbel_core import contract
from umbel_core.catalogue import read_ops
from umbel_core.settings import Limits
from umbel_core.submission import BODIES, read_submission

DOCUMENT = ROOT / "docs" / "api.md"
CATALOGUE = read_ops(ROOT / "functions" / "ops")
LEFT_OUT = "…"
JOB, TASK = ANSWERS["get_job"], ANSWERS["get_tasks"].tasks[0]
PAGE = contract.Page(url="https://example.org/", status=200)
MESSAGE = {"job": JOB, "jobs": [JOB], "task": TASK, "tasks": [TASK], "stats": ANSWERS["get_stats"], "more": False}
PIXEL = REQUESTS[contract.ImageRequest].image_data  # type: ignore[attr-defined]


class Call(NamedTuple):
    """A call of the API, and the text that the document shows below it."""

    words: list[str]
    shown: str

    @property
    def url(self) -> str:
        """The part of the URL that names the route, and its query."""
        return next(word.removeprefix("$api") for word in self.words if word.startswith("$api/"))

    def option(self, name: str) -> str | None:
        """The value of an option of curl."""
        return next((value for option, value in pairwise(self.words) if option == name), None)

    @property
    def route(self) -> Route:
        """The route that it calls."""
        method, path = self.option("-X") or "GET", urlsplit(self.url).path
        found = [
            route
            for route in routes.all
            if route.method == method and re.fullmatch(re.sub(r"{\w+}", "[^/]+", route.path), path)
        ]
        assert found, f"there is no {method} {path}"
        return found[0]


def calls() -> Iterator[Call]:
    for text in (*blocks(DOCUMENT, "console"), *blocks(DOCUMENT, "sh")):
        lines = text.splitlines()
        while lines:
            line = lines.pop(0).removeprefix("$ ")
            while line.count("'") % 2 or len(re.findall(r'(?<!\\)"', line)) % 2:
                line += "\n" + lines.pop(0)
            shown = []
            while lines and text.startswith("$ ") and not lines[0].startswith("$ "):
                shown.append(lines.pop(0))
            if "$api/" in line:
                yield Call(shlex.split(line), "\n".join(shown))


def read(text: str) -> Any:
    """A sample as JSON; an object from which fields are left out has a field `…`."""
    text = re.sub(r'"j[0-9a-f]{2,8}…', f'"{JOB.id}', text)
    text = re.sub(r"\{…(?=[,}])", '{"…":0', text)
    text = re.sub(r",\s*…\s*\}", ',"…":0}', text)
    text = re.sub(r"(?<=[\[,])\s*…\s*(?=\])", "", text).replace(",]", "]")
    return msgspec.json.decode(text)


def filled(sample: Any, example: Any) -> Any:
    """The sample, with what is left out taken from the example."""
    if isinstance(sample, list):
        return [filled(each, example[0] if example else None) for each in sample]
    if not isinstance(sample, dict):
        return sample
    known = example if isinstance(example, dict) else {}
    named = {
        name: filled(value, known.get(name, next(iter(known.values()), None)))
        for name, value in sample.items()
        if name != LEFT_OUT
    }
    return {**known, **named} if LEFT_OUT in sample else named


def check(sample: Any, example: Any, kind: Any) -> None:
    """Fail unless the sample has all fields that an answer has, no other, and each of its type."""
    whole = filled(sample, _as_json(example))
    assert _as_json(msgspec.convert(whole, kind)) == whole


def _as_json(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))


CALLS = list(calls())
ANSWERED = [call for call in CALLS if call.shown]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.url)
def test_a_request_is_one_that_the_api_takes(call: Call) -> None:
    route, body = call.route, call.option("-d")
    query = dict(parse_qsl(urlsplit(call.url).query))
    if query:
        read_query(query, route.hints["query"])
    assert ("body" in route.hints) == (body is not None)
    if body is None:
        return
    body = re.sub(r"\$\(base64 .*?\)", PIXEL, body)
    if route.accepts:
        kind = next(iter(kind for kind, form in BODIES.items() if (form.request,) == route.accepts), None)
        read_submission(body.encode(), CATALOGUE, Limits(), kind)
    else:
        msgspec.json.decode(body, type=route.hints["body"])


@pytest.mark.parametrize("call", ANSWERED, ids=lambda call: call.url)
def test_an_answer_is_one_that_the_api_gives(call: Call) -> None:
    if "|" in call.words:
        assert call.words[call.words.index("|") :] == ["|", "jq", "-c", ".tasks[].result"]
        for line in call.shown.splitlines():
            shown = read(line)
            assert msgspec.to_builtins(msgspec.convert(shown, contract.Page)) == {**msgspec.to_builtins(PAGE), **shown}
    else:
        check(read(call.shown), example_of(call.route), call.route.hints["return"])


def test_the_sample_of_an_op_is_what_its_file_declares() -> None:
    (shown,) = read(next(call.shown for call in ANSWERED if call.url == "/ops"))["ops"]
    card = msgspec.json.decode(msgspec.json.encode(CATALOGUE[shown["name"]]))
    for name in ("summary", "takes", "carrier", "returns", "input", "compute"):
        assert shown[name] == card[name]


def test_the_sample_of_an_error_is_an_error() -> None:
    (sample,) = (text for text in blocks(DOCUMENT, "json") if text.startswith('{"error"'))
    check(read(sample), None, contract.ErrorBody)


def test_the_sample_of_a_batch_s_errors_has_fields_of_such_an_error() -> None:
    (sample,) = (text for text in blocks(DOCUMENT, "json") if text.startswith('"errors"'))
    check(read(f"{{{sample}}}")["errors"], [{"group": "S00339218"}], list[contract.JobError])


SENT = re.findall(r'^\| `(\{"action".*?\})` \|', DOCUMENT.read_text(), re.MULTILINE)
RECEIVED = next(text for text in blocks(DOCUMENT, "json") if text.startswith('{"type"')).splitlines()


@pytest.mark.parametrize("text", SENT)
def test_an_action_is_one_that_the_socket_takes(text: str) -> None:
    for shown, meant in {
        '"<id>"': f'"{JOB.id}"',
        '"job": …': '"job": "*"',
        "[…]": '["https://example.org/"]',
        '"policy"?': '"policy": "host"',
    }.items():
        text = text.replace(shown, meant)
    msgspec.json.decode(text, type=contract.SocketAction)


def test_every_action_is_shown() -> None:
    shown = {msgspec.json.decode(re.match(r'\{"action": "\w+"', text)[0] + "}")["action"] for text in SENT}  # type: ignore[index]
    assert shown == {kind.__struct_config__.tag for kind in contract.SocketAction.__args__}


@pytest.mark.parametrize("text", RECEIVED)
def test_a_message_is_one_that_the_socket_sends(text: str) -> None:
    check(read(text), MESSAGE, contract.ServerMessage)


def test_the_check_sees_a_field_that_is_missing_and_one_too_many() -> None:
    with pytest.raises(AssertionError):
        check({"job_id": JOB.id, "status": "pending", "more": 1}, None, contract.Accepted)
    with pytest.raises(msgspec.ValidationError):
        check({"job_id": JOB.id}, None, contract.Accepted)
    with pytest.raises(AssertionError):
        check({"status": "ok", "ops": {}}, None, contract.Health)

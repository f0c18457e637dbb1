"""The documents that describe the API are generated, complete and valid."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from api.app import routes
from infra import api, generate, openapi
from infra.openapi_examples import ANSWERS, REQUESTS
from umbel_core.catalogue import read_ops
from umbel_core.contract import ERRORS
from umbel_core.settings import Limits

OPS = read_ops(Path("functions/ops"))
OF_DEPLOYMENT = openapi.document("1.0.0", Limits(), OPS)


@pytest.mark.parametrize(("path", "made"), generate.documents().items(), ids=lambda each: getattr(each, "name", ""))
def test_a_generated_document_is_up_to_date(path: Path, made: bytes) -> None:
    assert path.read_bytes() == made, "make generate"


def test_the_front_ends_types_are_up_to_date(tmp_path: Path) -> None:
    generate.types(tmp_path / "schema.d.ts")
    assert generate.TYPES.read_text() == (tmp_path / "schema.d.ts").read_text(), "make generate"


def test_a_maintained_linter_finds_nothing_in_the_document_that_a_deployment_serves(tmp_path: Path) -> None:
    served = tmp_path / "openapi.json"
    served.write_bytes(msgspec.json.encode(OF_DEPLOYMENT))
    linted = subprocess.run(["redocly", "lint", str(served)], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert linted.returncode == 0, linted.stderr[-3000:]
    assert "valid" in linted.stderr


def test_the_document_of_the_socket_is_valid_asyncapi() -> None:
    schema = json.loads(Path("node_modules/@asyncapi/specs/schemas/3.0.0-without-$id.json").read_bytes())
    described = json.loads(Path("docs/asyncapi.json").read_bytes())
    assert [error.message for error in jsonschema_rs.validator_for(schema).iter_errors(described)] == []
    assert [message["name"] for message in described["components"]["messages"].values()] == [
        *("subscribe", "unsubscribe", "crawl", "stats", "ping", "messages"),
    ]
    received = described["components"]["schemas"]["ServerMessages"]["items"]["anyOf"]
    kinds = [described["components"]["schemas"][each["$ref"].rpartition("/")[2]] for each in received]
    assert [kind["properties"]["type"]["enum"] for kind in kinds] == [
        [name] for name in ("snapshot", "job", "task", "stats", "system", "error", "pong")
    ]


def operations() -> list[Any]:
    return [operation for path in OF_DEPLOYMENT["paths"].values() for operation in path.values()]


@pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation["operationId"])
def test_every_call_says_what_it_does_and_how_it_fails(operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["summary"][0].isupper()
    assert {"400", "429", "500"} <= set(operation["responses"])
    if operation.get("security") != []:
        assert {"401", "403"} <= set(operation["responses"])


@pytest.mark.parametrize("name", sorted({route.view.__name__ for route in routes.all}))
def test_an_example_is_of_the_type_that_the_call_answers_with(name: str) -> None:
    (route,) = [route for route in routes.all if route.view.__name__ == name]
    if name in ANSWERS and isinstance(route.hints["return"], type):
        assert isinstance(ANSWERS[name], route.hints["return"])
    for kind in route.accepts:
        assert isinstance(REQUESTS[kind], kind)


def test_every_code_of_a_request_is_documented_with_some_call() -> None:
    text = msgspec.json.encode(OF_DEPLOYMENT["paths"]).decode()
    elsewhere = {
        *("unknown_action", "invalid_message", "too_many_topics"),  # of the socket
        *("method_not_allowed", "unsupported_media_type", "svg_refused"),
    }
    of_requests = {code for code, kind in ERRORS.items() if not kind.of_task} - elsewhere
    missing = {code for code in of_requests if f"`{code}`" not in text}
    assert missing == {"invalid_url"}, "a page's URL is checked by its worker"


def test_every_code_that_the_code_raises_is_in_the_contract() -> None:
    raised = re.compile(r"""(?:Rejected|Transient|Skipped|ErrorRecord)\)?\(\s*"([a-z_]+)",""")
    # An op may have codes of its own, in its one file.
    sources = [path for root in ("layers", "functions") for path in Path(root).rglob("*.py") if "ops" not in path.parts]
    codes = {code for path in sources for code in raised.findall(path.read_text())}
    assert len(codes) > 40
    assert codes <= ERRORS.keys()


def test_an_unknown_route_is_refused_in_the_words_of_the_contract() -> None:
    _, sentence = api._REFUSALS["MISSING_AUTHENTICATION_TOKEN"]
    assert "address" not in sentence

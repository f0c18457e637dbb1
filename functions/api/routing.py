"""Routes as typed functions: the signature says what a call takes and answers, and OpenAPI is generated from it.

A view's parameters are those of its path, `query` (a struct), `body` (a struct, or bytes that the view parses), and
`new_job` where it starts one. It returns a struct, a `Redirect` or a `File`, and refuses with `Rejected`.
"""

import base64
import inspect
import json
import re
import typing
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from aws_lambda_powertools import Logger
from chalice.app import Chalice, Request, Response

from api.idempotency import NewJob
from api.wiring import environment
from umbel_core.contract import ERRORS, Error, ErrorBody, status_of
from umbel_core.contract.limits import MAX_ANSWER_BYTES, MAX_REQUEST_BYTES
from umbel_core.errors import Rejected
from umbel_core.ids import split_task_id
from umbel_core.settings import megabytes
from umbel_core.submission import read_json
from umbel_core.tokens import Role
from umbel_core.validation import parse

logger = Logger(service="api")
View = Callable[..., Any]
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")
_CODES = {404: "not_found", 405: "method_not_allowed", 415: "unsupported_media_type", 500: "internal_error"}
"""The error codes of the answers that Chalice gives by itself."""
_NEW = "`umbel token create` makes a new one."
_REFUSALS = {
    "malformed": "Send a valid token: Authorization: Bearer <token>. `umbel token create` makes one.",
    "unknown": f"This token is not known here: it was revoked, or is of another deployment. {_NEW}",
    "expired": f"This token has expired. {_NEW}",
}
"""Sentences for the reasons that the authorizer gives."""


class Redirect(msgspec.Struct, frozen=True):
    """Answer with 302 to this URL."""

    url: str


class File(msgspec.Struct, frozen=True):
    """Answer with these bytes."""

    data: bytes
    content_type: str
    name: str | None = None


class Text(msgspec.Struct, frozen=True):
    """Answer with this text."""

    text: str
    content_type: str


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One route of the API, read from its view's signature."""

    method: str
    path: str
    view: View
    status: int
    errors: tuple[str, ...]
    accepts: tuple[type[msgspec.Struct], ...]
    """The structs that a body of bytes may be."""
    is_open: bool
    """True: no token is needed."""
    hints: dict[str, Any]
    """Types of the view's parameters and of its answer."""

    @property
    def starts_job(self) -> bool:
        """Return True when the call takes an `Idempotency-Key`."""
        return self.hints.get("new_job") is NewJob


class Routes:
    """The API's routes. infra builds the REST API from them."""

    def __init__(self, app: Chalice) -> None:
        self._app = app
        self.all: list[Route] = []

    def route(
        self,
        method: str,
        path: str,
        *,
        status: int = 200,
        errors: Iterable[str] = (),
        accepts: tuple[type[msgspec.Struct], ...] = (),
        is_open: bool = False,
    ) -> Callable[[View], View]:
        """Register a view. `errors` are the codes with which it refuses, besides those of every call."""

        def register(view: View) -> View:
            found = Route(
                method=method,
                path=path,
                view=view,
                status=status,
                errors=tuple(errors),
                accepts=accepts,
                is_open=is_open,
                hints=typing.get_type_hints(view),
            )
            unknown = set(found.errors) - ERRORS.keys()
            assert not unknown, f"{method} {path}: {unknown} are not in the contract"
            self.all.append(found)
            answer = _answering(found, self._app)
            self._app.route(path, methods=[method], name=view.__name__, content_types=["*/*"])(answer)
            return view

        return register


def _answering(route: Route, app: Chalice) -> Callable[..., Response]:
    takes = inspect.signature(route.view).parameters

    def answer(**arguments: str) -> Response:
        request = app.current_request
        assert request is not None, "views run inside a request"
        try:
            if not route.is_open:
                require_token(request)
            given: dict[str, Any] = dict(arguments)
            query: typing.Mapping[str, str] = request.query_params or {}
            given |= {"query": read_query(query, route.hints["query"])} if "query" in takes else _no_query(query)
            if "body" in takes:
                given["body"] = _body(request, route.hints["body"])
            new_job = NewJob(request) if route.starts_job else None
            if new_job:
                given["new_job"] = new_job
            made = route.view(**given)
            return _response(made, 200 if new_job and new_job.repeated else route.status)
        except Rejected as error:
            return refusal(error)

    return answer


def require_token(request: Request) -> str:
    """Return the role of the request's token; refuse a request that has none, with the authorizer's reason."""
    found: dict[str, Any] = request.context.get("authorizer") or {}
    role = found.get("role")
    if role not in typing.get_args(Role):
        raise Rejected("unauthorized", _REFUSALS.get(found.get("refusal", ""), _REFUSALS["malformed"]))
    if role == "viewer" and request.method != "GET":
        raise Rejected("forbidden", "This token may read; it takes an operator's token to change something.")
    return str(role)


def read_query(given: typing.Mapping[str, str], kind: type[msgspec.Struct]) -> Any:
    """Parse a query string as a struct; unknown parameters are refused, as unknown fields of a body are."""
    whole = {field.encode_name for field in msgspec.structs.fields(kind) if "int" in str(field.type)}
    values: dict[str, Any] = {
        name: int(value) if name in whole and _WHOLE_NUMBER.fullmatch(value) else value for name, value in given.items()
    }
    try:
        return parse(values, kind, "invalid_query")
    except Rejected as error:
        own = f"invalid_{error.path[0]}" if error.path else ""
        raise Rejected(own if own in ERRORS else error.code, error.sentence, error.path) from error


def _no_query(given: typing.Mapping[str, str]) -> dict[str, Any]:
    if given:
        unknown = next(iter(given))
        raise Rejected("invalid_query", f"{unknown} is not known; this call takes no query parameters.", (unknown,))
    return {}


def _body(request: Request, kind: Any) -> Any:
    raw = request.raw_body
    if len(raw) > MAX_REQUEST_BYTES:
        raise Rejected(
            "too_large",
            f"The request has {megabytes(len(raw))}; at most {megabytes(MAX_REQUEST_BYTES)} are taken. "
            "Send a large picture by POST /uploads, a large manifest to jobs/ in the uploads bucket.",
        )
    body = raw.encode() if isinstance(raw, str) else raw
    return body if kind is bytes else parse(read_json(body), kind, "invalid_body")


def _response(made: Any, status: int) -> Response:
    match made:
        case Redirect(url):
            return Response("", status_code=302, headers={"Location": url})
        case File(data, content_type, name):
            headers: dict[str, str | list[str]] = {"Content-Type": content_type}
            if name:
                headers["Content-Disposition"] = f'inline; filename="{name}"'
            return _Binary(data, headers)
        case Text(text, content_type):
            return Response(text, status_code=status, headers={"Content-Type": content_type})
        case _:
            return json_response(made, status)


class _Binary(Response):
    """Bytes of any media type; the app turns Chalice's own handling of binary answers off."""

    def __init__(self, data: bytes, headers: dict[str, str | list[str]]) -> None:
        super().__init__(base64.b64encode(data).decode("ascii"), headers=headers)

    def to_dict(self, binary_types: Any = None) -> dict[str, Any]:
        """Return the answer in the form that API Gateway expects."""
        answer: dict[str, Any] = super().to_dict(binary_types)
        answer["isBase64Encoded"] = True
        return answer


def json_response(made: Any, status: int = 200) -> Response:
    """Return a struct as a JSON answer."""
    return Response(
        msgspec.json.encode(made).decode(), status_code=status, headers={"Content-Type": "application/json"}
    )


def fits_into_answer(made: msgspec.Struct) -> bool:
    """Return whether a struct's JSON fits into one answer of a Lambda, as a string inside another JSON document."""
    return len(json.dumps(msgspec.json.encode(made).decode())) <= MAX_ANSWER_BYTES


def refusal(error: Rejected) -> Response:
    """Return an error in the form of the contract."""
    path = error.pointer or msgspec.UNSET
    body = ErrorBody(error=Error(code=error.code, message=error.sentence, path=path))
    return json_response(body, status_of(error.code))


def contract_form(request: Request, proceed: Callable[[Request], Response]) -> Response:
    """Middleware: Chalice's own errors in the contract's form, headers for browsers, one log line a request."""
    logger.thread_safe_clear_keys()
    if (named := request.uri_params or {}) and (task := split_task_id(named.get("job_id") or named.get("task_id", ""))):
        logger.thread_safe_append_keys(job_id=task[0])
    response = proceed(request)
    if response.status_code >= 400 and isinstance(response.body, dict) and "Code" in response.body:
        code = _CODES.get(response.status_code, str(response.body["Code"]))
        body = ErrorBody(error=Error(code=code, message=str(response.body["Message"])))
        response = json_response(body, response.status_code)
    origins = environment().allowed_origins.split(",")
    origin = request.headers.get("origin", "")
    response.headers["Access-Control-Allow-Origin"] = origin if origin in origins else origins[0]
    response.headers["Vary"] = "Origin"
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    logger.info("answered", extra={"method": request.method, "path": request.path, "status": response.status_code})
    return response

"""Routes that answer in the contract's form: JSON, and `{"error": {"code", "message"}}` with the right status."""

import functools
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger
from chalice.app import Chalice, Request, Response

from api.wiring import environment
from umbel_core.errors import Rejected

logger = Logger(service="api")
_STATUS = {
    "not_found": 404,
    "no_such_job": 404,
    "no_such_op": 404,
    "no_such_task": 404,
    "no_result": 404,
    "conflict": 409,
    "being_changed": 409,
    "already_ended": 409,
    "too_large": 413,
    "too_many_tasks": 413,
    "input_too_large": 413,
    "unsupported_format": 415,
    "svg_refused": 415,
    "account_limit": 409,
}
"""Everything else that is refused is a plain 400."""
_CODES = {404: "not_found", 405: "method_not_allowed", 415: "unsupported_media_type", 500: "internal_error"}

View = Callable[..., Any]


def refusal(status: int, code: str, message: str) -> Response:
    """An error as the contract writes it."""
    return Response({"error": {"code": code, "message": message}}, status_code=status)


def answering(view: View) -> View:
    """Let a view refuse by raising `Rejected`."""

    @functools.wraps(view)
    def answer(**arguments: Any) -> Any:
        try:
            return view(**arguments)
        except Rejected as error:
            return refusal(_STATUS.get(error.code, 400), error.code, error.sentence)

    return answer


def route(app: Chalice, path: str, method: str, *, open_to_all: bool = False) -> Callable[[View], View]:
    """Register a view. `open_to_all` is read by infra, which puts the authorizer before every other route."""

    def register(view: View) -> View:
        app.route(path, methods=[method], name=view.__name__, content_types=["*/*"])(answering(view))
        if open_to_all:
            OPEN.add((path, method))
        return view

    return register


OPEN: set[tuple[str, str]] = set()
"""The routes that need no token."""


def contract_form(request: Request, proceed: Callable[[Request], Response]) -> Response:
    """Middleware: Chalice's own errors in the contract's form, headers for browsers, one log line a request."""
    response = proceed(request)
    if response.status_code >= 400 and isinstance(response.body, dict) and "Code" in response.body:
        code = _CODES.get(response.status_code, str(response.body["Code"]))
        response = refusal(response.status_code, code, str(response.body["Message"]))
    origins = environment().allowed_origins.split(",")
    origin = request.headers.get("origin", "")
    response.headers["Access-Control-Allow-Origin"] = origin if origin in origins else origins[0]
    response.headers["Vary"] = "Origin"
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    logger.info("answered", extra={"method": request.method, "path": request.path, "status": response.status_code})
    return response

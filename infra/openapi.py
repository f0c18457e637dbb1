"""Routes and structs -> OpenAPI 3.1: what the API is, for programs and for the reference at `docs/`."""

import inspect
import re
from collections import defaultdict
from types import UnionType
from typing import Any, get_args, get_origin

import msgspec

from api.app import routes
from api.idempotency import HEADER, MOST_CHARACTERS
from api.routing import File, Redirect, Route, Text
from infra.openapi_examples import ACCEPTED, ANSWERS, PATH_PARAMETERS, REQUESTS
from umbel_core import contract
from umbel_core.catalogue import Catalogue
from umbel_core.contract import ERRORS
from umbel_core.contract.limits import published
from umbel_core.settings import Limits

_REF = "#/components/schemas/{name}"
_EVERY_CALL = ("bad_request", "throttled", "internal_error")
_WITH_TOKEN = ("unauthorized", "forbidden")
_WITH_KEY = ("invalid_idempotency_key", "idempotency_key_reused")
_WITH_BODY = ("invalid_json", "too_large")
_TAGS = {
    "jobs": "Start jobs of any kind, read them, cancel and retry them.",
    "uploads": "Send a picture straight to S3.",
    "tasks": "One op on one value.",
    "images": "Results of pictures.",
    "ops": "The deployed ops, and how many of each run at a time.",
    "monitoring": "Health and statistics.",
}
_JOB_LINKS = {
    "GetJob": ("get_job", {"job_id": "$response.body#/job_id"}),
    "GetTasks": ("get_tasks", {"job_id": "$response.body#/job_id"}),
    "CancelJob": ("delete_job", {"job_id": "$response.body#/job_id"}),
    "RetryJob": ("retry_job", {"job_id": "$response.body#/job_id"}),
}
_LINKS = {
    "post_upload": _JOB_LINKS,
    "post_task": {"GetTask": ("get_task", {"task_id": "$response.body#/id"})},
}
Document = dict[str, Any]


def document(version: str, limits: Limits, catalogue: Catalogue | None = None) -> Document:
    """Return the OpenAPI document of a deployment; without a catalogue, what all deployments have in common."""
    paths: dict[str, Document] = defaultdict(dict)
    for route in routes.all:
        paths[route.path][route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Umbel",
            "version": version,
            "summary": "Jobs on pictures, pages and values; every op works in its own lane.",
            "description": "A viewer's token reads; an operator's token also starts, cancels, retries and scales. "
            "The WebSocket is described in `asyncapi.json`.",
            "license": {"name": "MIT", "identifier": "MIT"},
            "x-limits": msgspec.to_builtins(published(limits)),
        },
        "servers": [
            {
                "url": "https://{api}",
                "description": "As `umbel status` prints it",
                "variables": {"api": {"default": "abc123.execute-api.eu-central-1.amazonaws.com/v1"}},
            }
        ],
        "security": [{"token": []}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": dict(paths),
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "`umbel token create` makes one.",
                }
            },
            "schemas": _schemas(catalogue),
        },
    }


def _operation(route: Route) -> Document:
    doc = inspect.getdoc(route.view) or ""
    summary, _, description = doc.partition("\n")
    first = route.path.split("/")[1].removesuffix(".json")
    name = route.view.__name__
    operation: Document = {
        "operationId": name,
        "summary": summary.rstrip("."),
        **({"description": " ".join(description.split())} if description else {}),
        "tags": ["jobs" if _starts_jobs(route) else first if first in _TAGS else "monitoring"],
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_header_parameters(route)],
        "responses": {**_answers(route), **_refusals(route)},
    }
    if route.is_open:
        operation["security"] = []
    if "body" in route.hints:
        operation["requestBody"] = _request_body(route)
    return operation


def _starts_jobs(route: Route) -> bool:
    """Whether it is `POST /jobs` or the call of one kind of job."""
    return bool(route.accepts) and route.hints["return"] is contract.Accepted


def example_of(route: Route) -> Any:
    """Return the example of a call's answer."""
    return ACCEPTED if _starts_jobs(route) else ANSWERS[route.view.__name__]


def _path_parameters(route: Route) -> list[Document]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PATH_PARAMETERS[name][0],
            "schema": {"type": "string", "examples": [PATH_PARAMETERS[name][1]]},
        }
        for name in re.findall(r"{(\w+)}", route.path)
    ]


def _query_parameters(route: Route) -> list[Document]:
    if "query" not in route.hints:
        return []
    kind = route.hints["query"]
    properties = msgspec.json.schema(kind)["$defs"][kind.__name__]["properties"]
    return [
        {"name": name, "in": "query", "required": False, **_parameter(schema)} for name, schema in properties.items()
    ]


def _header_parameters(route: Route) -> list[Document]:
    if not route.starts_job:
        return []
    description = (
        "Within a day, the same request with the same key and token starts no second job: the answer is 200 with the "
        "job of the first one"
    )
    schema = {"type": "string", "minLength": 1, "maxLength": MOST_CHARACTERS, "pattern": "^[!-~]+$"}
    return [{"name": HEADER, "in": "header", "required": False, "description": description, "schema": schema}]


def _parameter(schema: Document) -> Document:
    """Remove null from a parameter's schema: a query string has no null, the parameter is absent instead."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    own = {**schema, **choices[0]} if choices else dict(schema)
    own.pop("anyOf", None)
    if own.get("default", 0) is None:
        del own["default"]
    return {"description": own.pop("description", "Only these"), "schema": own}


def _request_body(route: Route) -> Document:
    kinds = route.accepts or (route.hints["body"],)
    refs = [{"$ref": _REF.format(name=kind.__name__)} for kind in kinds]
    examples = {kind.__name__: {"value": msgspec.to_builtins(REQUESTS[kind])} for kind in kinds}
    schema = refs[0] if len(refs) == 1 else {"anyOf": refs}
    return {"required": True, "content": {"application/json": {"schema": schema, "examples": examples}}}


def _answers(route: Route) -> Document:
    made = route.hints["return"]
    choices = get_args(made) if isinstance(made, UnionType) else (made,)
    answers: Document = {}
    for choice in choices:
        if choice is Redirect:
            answers["302"] = {
                "description": "The file at this URL, for an hour at most",
                "headers": {"Location": {"description": "A presigned URL", "schema": {"type": "string"}}},
            }
        elif choice is File:
            answers["200"] = {
                "description": "The file's bytes, with `?redirect=0`",
                "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
            }
        elif choice is Text:
            media_type = "application/json" if route.path.endswith(".json") else "text/plain"
            kind = "object" if media_type.endswith("json") else "string"
            answers["200"] = {"description": "The text", "content": {media_type: {"schema": {"type": kind}}}}
        else:
            answers[str(route.status)] = _json_answer(route, choice)
    if route.starts_job:
        answers["200"] = {
            **answers[str(route.status)],
            "description": "The job of an earlier request with the same key",
        }
    return answers


def _json_answer(route: Route, kind: Any) -> Document:
    name = route.view.__name__
    if get_origin(kind) is dict:
        description, schema = "By job and variant", msgspec.json.schema(kind)
    else:
        description = (inspect.getdoc(kind) or "").split("\n")[0]
        schema = {"$ref": _REF.format(name=kind.__name__)}
    content = {
        "application/json": {
            "schema": schema,
            "example": msgspec.to_builtins(example_of(route)),
        }
    }
    links = {
        link: {"operationId": operation, "parameters": parameters}
        for link, (operation, parameters) in (_JOB_LINKS if _starts_jobs(route) else _LINKS.get(name, {})).items()
    }
    return {"description": description, "content": content, **({"links": links} if links else {})}


def _refusals(route: Route) -> Document:
    codes = {*_EVERY_CALL, *route.errors, "invalid_query"}
    if not route.is_open:
        codes.update(_WITH_TOKEN)
    if "body" in route.hints:
        codes.update(_WITH_BODY)
        if not route.accepts:
            codes.add("invalid_body")
    if route.starts_job:
        codes.update(_WITH_KEY)
    if "{" in route.path:
        codes.add("not_found")
    by_status: dict[int, list[str]] = defaultdict(list)
    for code in ERRORS:
        if code in codes:
            by_status[ERRORS[code].status].append(code)
    return {str(status): _refusal(found) for status, found in sorted(by_status.items())}


def _refusal(codes: list[str]) -> Document:
    examples = {code: {"value": {"error": {"code": code, "message": ERRORS[code].meaning}}} for code in codes}
    return {
        "description": "; ".join(f"`{code}`: {ERRORS[code].meaning.rstrip('.')}" for code in codes),
        "content": {
            "application/json": {"schema": {"$ref": _REF.format(name="ErrorBody")}, "examples": examples},
        },
    }


def _schemas(catalogue: Catalogue | None) -> Document:
    kinds = {kind for route in routes.all for kind in (*route.accepts, *route.hints.values()) if _is_json(kind)}
    kinds.add(contract.ErrorBody)
    _, schemas = msgspec.json.schema_components(sorted(kinds, key=str), ref_template=_REF)
    if catalogue:
        pictures = [name for name, card in catalogue.items() if card.carrier == "file"]
        schemas["TaskSpec"]["properties"]["op"]["enum"] = list(catalogue)
        schemas["ImageRequest"]["properties"]["operation"]["enum"] = pictures
        schemas["TaskRequest"]["properties"]["type"]["enum"] = [name for name in catalogue if name not in pictures]
        schemas |= {f"Params.{name}": {"description": card.summary, **card.params} for name, card in catalogue.items()}
    return dict(sorted(schemas.items()))


def _is_json(kind: Any) -> bool:
    return (
        isinstance(kind, type)
        and issubclass(kind, msgspec.Struct)
        and kind.__module__.startswith("umbel_core.contract")
    )

"""Warm the functions of our own engine after a deployment, so that the first picture does not wait for cold starts."""

import contextlib
import json
import tomllib
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from umbel import engine, stack, stack_name
from umbel.paths import ROOT
from umbel_core.fused_lane import FUSED

PATH = "/_umbel/warm"
"""Answered by `umbel.engine_server.warming`."""
NO_RECORDS: dict[str, Any] = {"Records": []}
EVENTS: dict[str, dict[str, Any]] = {
    "api": NO_RECORDS,
    # No token: refused without a look into the table.
    "authorizer": {"httpMethod": "GET", "methodArn": "none/none/GET/none"},
    "coordinator": NO_RECORDS,
    "relay": NO_RECORDS,
    "fanout": NO_RECORDS,
    # A connection that nobody has.
    "sockets": {"requestContext": {"connectionId": "none", "routeKey": "$disconnect", "eventType": "DISCONNECT"}},
    "dead_letters": NO_RECORDS,
    "ticker": NO_RECORDS,
}
"""Function -> an event that makes it load what it needs and changes nothing, in the order in which they are warmed.

A lane gets `NO_RECORDS`. The publisher has run in the deployment, and the fan-out works for many open pages only.
"""
_TIMEOUT = 5.0


def start(deployment: stack.Deployment) -> None:
    """Ask our engine to warm the deployed functions in the background; do nothing for other endpoints."""
    ours = engine.running()
    if ours is None or ours.endpoint != deployment.endpoint:
        return
    body = json.dumps(calls(_deployed(deployment), _first_ops())).encode()
    request = Request(f"{ours.endpoint}{PATH}", body, {"Content-Type": "application/json"})  # noqa: S310 - ours
    # Everything works without it, only more slowly.
    with contextlib.suppress(OSError), build_opener(ProxyHandler({})).open(request, timeout=_TIMEOUT) as answer:
        answer.read()


def calls(deployed: list[str], first_ops: list[str]) -> list[tuple[str, dict[str, Any]]]:
    """Return the functions to warm with their events: those of every picture, the lanes of these ops, other lanes."""
    name = stack_name.chosen()
    functions = [(f"{name}-{role}", event) for role, event in EVENTS.items()]
    first = [f"{name}-op-{op}" for op in first_ops]
    lanes = [*first, *sorted(each for each in deployed if each.startswith(f"{name}-op-") and each not in first)]
    return [(name, event) for name, event in [*functions, *((lane, NO_RECORDS) for lane in lanes)] if name in deployed]


def _deployed(deployment: stack.Deployment) -> list[str]:
    pages = deployment.aws.client("lambda").get_paginator("list_functions").paginate()
    return [function["FunctionName"] for page in pages for function in page["Functions"]]


def _first_ops() -> list[str]:
    """Return the lanes of the default recipe, which every uploaded picture gets."""
    recipes = tomllib.loads((ROOT / "recipes.toml").read_text(encoding="utf-8"))
    return lanes_of(recipes.get("default", {}))


def lanes_of(recipe: dict[str, Any]) -> list[str]:
    """Return the lanes of a recipe as it is written in the file."""
    if recipe.get("fuse") is True:
        return [FUSED]
    variants = {name: keys for name, keys in recipe.items() if isinstance(keys, dict)}
    return list(dict.fromkeys(keys.get("op", name) for name, keys in variants.items()))

"""The example of a router in front of several cells: it synthesises, and spreads keys evenly."""

import importlib.util
import json
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from aws_cdk import App
from aws_cdk.assertions import Template

FOLDER = Path(__file__).parents[2] / "examples" / "cells"
CELLS = {f"cell{letter}": f"https://cell{letter}.example/v1/" for letter in "abcd"}
KEYS = [f"uploads/{number}.jpg" for number in range(4000)]


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def router(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("CELLS", json.dumps(CELLS))
    return load("router")


def test_the_router_synthesises_with_its_cells() -> None:
    template = Template.from_stack(load("app").Router(App(), "router", CELLS))
    template.has_resource_properties(
        "AWS::Lambda::Function", {"Environment": {"Variables": {"CELLS": json.dumps(CELLS)}}}
    )
    template.resource_count_is("AWS::ApiGatewayV2::Api", 1)


def test_keys_spread_evenly_and_a_new_cell_takes_its_part_from_each() -> None:
    cell_of = load("router").cell_of
    before = {key: cell_of(key, CELLS) for key in KEYS}
    assert all(850 < count < 1150 for count in Counter(before.values()).values())
    after = {key: cell_of(key, [*CELLS, "celle"]) for key in KEYS}
    moved = [key for key in KEYS if before[key] != after[key]]
    assert {after[key] for key in moved} == {"celle"}
    assert 650 < len(moved) < 950


def request(path: str, **query: str) -> dict[str, Any]:
    return {"rawPath": path, "queryStringParameters": query}


def test_a_request_is_sent_to_the_cell_of_its_key(router: ModuleType) -> None:
    answer = json.loads(router.handle(request("/route", key=KEYS[0]), None)["body"])
    sent = router.handle(request("/uploads", key=KEYS[0]), None)
    assert answer["api"] == CELLS[answer["cell"]]
    assert (sent["statusCode"], sent["headers"]["Location"]) == (307, f"{answer['api']}uploads")
    assert router.handle(request("/uploads"), None)["statusCode"] == 400

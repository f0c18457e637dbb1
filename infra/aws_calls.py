"""Find the AWS operations that the functions call, and reduce botocore's data to these."""

import ast
import gzip
import json
import shutil
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import botocore
from botocore import xform_name
from botocore.loaders import Loader

Model = dict[str, Any]
"""A service as botocore describes it: `{metadata, operations, shapes, ...}`."""
_MODEL = "service-2"
_BOTOCORE = sorted(Path(botocore.__file__).parent.glob("*.py"))
"""botocore uses some operations by itself: to find a bucket's region, or to make the URL of a form for a bucket."""


def called_operations(services: Iterable[str], sources: Iterable[Path]) -> dict[str, list[str]]:
    """Return service -> the operations that may be called by the code in these folders, or by botocore itself.

    An operation counts as called when its name or its method's is written anywhere in the code, as an attribute
    (`client.get_item`) or as a string (`get_paginator("scan")`). So no list has to be kept up to date, and what is kept
    is a little more than what is called.
    """
    files = [path for folder in sources for path in sorted(folder.rglob("*.py"))]
    names = frozenset[str]().union(*map(_names_in, [*files, *_BOTOCORE]))
    return {service: _operations(service, names) for service in services}


def reduce_data(data: Path, operations: Mapping[str, Collection[str]]) -> None:
    """Reduce botocore's data folder to these operations of these services, in all regions and partitions.

    A model loses its documentation, the operations that are not called, and the shapes that only these use. botocore
    would parse all of it at each cold start.
    """
    for folder in data.iterdir():
        if folder.is_dir() and folder.name not in operations:
            shutil.rmtree(folder)
    loader = Loader(extra_search_paths=[str(data)], include_default_search_paths=False)
    prefixes = set()
    for service in operations:
        version = loader.determine_latest_version(service, _MODEL)
        for older in (data / service).iterdir():
            if older.name != version:
                shutil.rmtree(older)
        folder = data / service / version
        (folder / "examples-1.json").unlink(missing_ok=True)
        packed = folder / f"{_MODEL}.json.gz"
        model = reduced(json.loads(gzip.decompress(packed.read_bytes())), operations[service])
        packed.unlink()
        _write(folder / f"{_MODEL}.json", model)
        prefixes.add(model["metadata"]["endpointPrefix"])
    endpoints = json.loads((data / "endpoints.json").read_bytes())
    for partition in endpoints["partitions"]:
        partition["services"] = {name: each for name, each in partition["services"].items() if name in prefixes}
    _write(data / "endpoints.json", endpoints)


def reduced(model: Model, operations: Collection[str]) -> Model:
    """Return the model with these operations only, with the shapes that they and the service's errors use."""
    kept = {name: model["operations"][name] for name in operations}
    shapes: dict[str, Any] = {}
    waiting = _shapes_in(list(kept.values()))
    waiting += [name for name, shape in model["shapes"].items() if shape.get("exception")]
    while waiting:
        name = waiting.pop()
        if name not in shapes:
            shapes[name] = model["shapes"][name]
            waiting += _shapes_in(shapes[name])
    in_order = {name: shape for name, shape in model["shapes"].items() if name in shapes}
    # The other parts keep their texts: botocore reads that of an S3 setting at each call.
    return {**model, **_without_documentation({"operations": kept, "shapes": in_order})}


@cache
def _names_in(file: Path) -> frozenset[str]:
    """Return the names of all attributes in a source file, and all its strings."""
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    strings = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return frozenset(attributes | strings)


def _operations(service: str, names: frozenset[str]) -> list[str]:
    every = _model(service)["operations"]
    return [name for name, each in every.items() if {name, xform_name(name)} & names or each.get("endpointoperation")]


@cache
def _model(service: str) -> Model:
    return Loader().load_service_model(service, _MODEL)  # type: ignore[no-any-return]


def _shapes_in(part: Any) -> list[str]:
    """Return the names of the shapes that a part of a model refers to."""
    if isinstance(part, list):
        return [name for each in part for name in _shapes_in(each)]
    if not isinstance(part, dict):
        return []
    own = [part["shape"]] if isinstance(part.get("shape"), str) else []
    return own + [name for each in part.values() for name in _shapes_in(each)]


def _without_documentation(part: Any) -> Any:
    """Return a part of a model without its texts; a field that is named `documentation` is not one."""
    if isinstance(part, list):
        return [_without_documentation(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {
        name: _without_documentation(each)
        for name, each in part.items()
        if not (name == "documentation" and isinstance(each, str))
    }


def _write(file: Path, content: Any) -> None:
    file.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")

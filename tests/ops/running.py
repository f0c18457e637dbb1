"""Ops run as their workers run them."""

from functools import cache, partial
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from umbel_core.catalogue import load_op, read_ops
from umbel_core.op import input_annotation
from umbel_core.settings import Limits
from worker.assets import with_assets
from worker.codecs.writing import Encoded
from worker.each_frame import made
from worker.pictures import opened
from worker.work import call

OPS = Path("functions/ops")
ASSETS = Path("assets")
LIMITS = Limits()
PHOTOS = Path("tests/pictures")
CATALOGUE = read_ops(OPS)
PICTURE_OPS = [name for name, card in CATALOGUE.items() if card.takes == "picture"]


@cache
def _loaded(op: str) -> Any:
    return load_op(OPS, op)


def run(op: str, content: Any, limits: Limits = LIMITS, **params: Any) -> Any:
    """Return what the op makes of a file's bytes, or of a value: `Encoded` when it is a picture."""
    function, card = _loaded(op), CATALOGUE[op]
    source = opened(content, input_annotation(function), limits) if card.takes == "picture" else content
    bound = partial(call, function, params=with_assets(function, params, ASSETS))
    return made(bound, source, params, limits) if card.returns == "picture" else bound(source)


def run_for_picture(op: str, content: Any, **params: Any) -> Image.Image:
    """Return the op's result as whoever opens it sees it."""
    made = run(op, content, **params)
    assert isinstance(made, Encoded)
    return Image.open(BytesIO(made.data))


@cache
def photo(name: str) -> bytes:
    """One of the photos."""
    return (PHOTOS / name).read_bytes()


def some_params(op: str) -> dict[str, Any]:
    """Values for what an op requires, from the examples in its schema, else made up; small enough for the scene."""
    schema = CATALOGUE[op].params
    one_of = schema.get("anyOf", [{}])[0]
    names = [*schema.get("required", ()), *one_of.get("required", ())]
    return {name: _some(schema["properties"][name]) for name in names}


def _some(given: dict[str, Any]) -> Any:
    schema = given.get("anyOf", [given])[0]
    if "examples" in schema:
        return schema["examples"][0]
    if "enum" in schema:
        return next(each for each in schema["enum"] if each != "auto")  # what it makes depends on the picture
    if schema.get("type") in ("integer", "number"):
        return max(schema.get("minimum", 0), min(16, schema.get("maximum", 16)))
    return {"string": "word", "boolean": True, "array": []}[schema["type"]]

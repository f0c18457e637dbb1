"""Ops run as their workers run them."""

from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from umbel_core.catalogue import load_op, read_ops
from umbel_core.settings import Limits
from worker.codecs_out import Encoded
from worker.pictures import process

OPS = Path("functions/ops")
LIMITS = Limits()
PHOTOS = Path("tests/pictures")
CATALOGUE = read_ops(OPS)
PICTURE_OPS = [name for name, card in CATALOGUE.items() if card.takes == "picture"]


def run(op: str, data: bytes, limits: Limits = LIMITS, **params: Any) -> Any:
    """What the op makes of a file."""
    return process(load_op(OPS, op), data, params, limits)


def run_for_picture(op: str, data: bytes, **params: Any) -> Image.Image:
    """The op's result as whoever opens it sees it."""
    encoded = run(op, data, **params)
    assert isinstance(encoded, Encoded)
    return Image.open(BytesIO(encoded.data))


@cache
def photo(name: str) -> bytes:
    """One of the photos."""
    return (PHOTOS / name).read_bytes()


def some_params(op: str) -> dict[str, Any]:
    """Values for what an op requires, made up from its schema; small enough for the scene."""
    schema = CATALOGUE[op].params
    return {name: _some(schema["properties"][name]) for name in schema.get("required", ())}


def _some(schema: dict[str, Any]) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") in ("integer", "number"):
        return max(schema.get("minimum", 0), min(16, schema.get("maximum", 16)))
    return {"string": "word", "boolean": True, "array": []}[schema["type"]]

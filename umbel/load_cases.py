"""Make random tasks for the deployed ops, with the right answer of each where it is known."""

import base64
import hashlib
import math
import random
import struct
import zlib
from collections.abc import Callable
from typing import Any

import msgspec

_chance = random.Random()  # noqa: S311 - random tasks, not secrets
_LETTERS = "abcdefghijklmnopqrstuvwxyz  ABCÄÖÜßéñøΩжツ漢🌿"
_MEDIA_TYPE = "image/png"
"""The only media type of files that are made here."""
_MOST = 64
"""Numbers stay small: a picture's side, the items of a list."""


class LoadCase(msgspec.Struct, frozen=True, kw_only=True):
    """One task to send. `expected` is unset when the right answer is not known."""

    op: str
    payload: Any
    expected: Any = msgspec.UNSET
    is_file: bool = False
    """True: the op takes a file, which is made when it is sent; the payload is the op's parameters."""

    def request(self) -> tuple[str, dict[str, Any]]:
        """The path and body of the request that sends it."""
        if self.is_file:
            data = base64.b64encode(_png()).decode()
            return "/jobs", {"image_data": data, "operation": self.op, "params": self.payload}
        return "/tasks", {"type": self.op, "payload": self.payload}

    def is_right(self, result: Any) -> bool:
        """Return whether the answer is right."""
        return self.expected is msgspec.UNSET or bool(result == self.expected)


def load_case(card: dict[str, Any]) -> LoadCase | None:
    """Return a random task for an op from its card of `GET /ops`; None when no input can be made for it."""
    op, params = card["name"], card["params"]
    # Of parameters of which one is required, the first.
    required = [*params.get("required", ()), *params.get("anyOf", [{}])[0].get("required", ())]
    if known := getattr(_Known, op, None):
        payload, expected = known()
        return LoadCase(op=op, payload=payload, expected=expected)
    is_file = card["carrier"] == "file"
    # Random pages would load other people's servers.
    if card["carrier"] == "url" or (is_file and _MEDIA_TYPE not in card["media_types"]) or (required and not is_file):
        return None
    try:
        if is_file:
            payload = {name: _value(params["properties"][name]) for name in required}
            return LoadCase(op=op, payload=payload, is_file=True)
        return LoadCase(op=op, payload=_value(card["input"]))
    except KeyError:
        return None


class _Known:
    """Op -> an input with its right answer. Other ops get a random input, and any answer is accepted."""

    @staticmethod
    def reverse() -> tuple[str, str]:
        text = _text()
        return text, text[::-1]

    @staticmethod
    def upper() -> tuple[str, str]:
        text = _text()
        return text, text.upper()

    @staticmethod
    def hash() -> tuple[str, str]:
        text = _text()
        return text, hashlib.sha256(text.encode()).hexdigest()

    @staticmethod
    def sum() -> tuple[list[float], float]:
        count = _chance.randint(0, _MOST)
        if _chance.random() < 0.5:
            whole = [_chance.randint(-(10**9), 10**9) for _ in range(count)]
            return list(whole), sum(whole)
        broken = [_chance.uniform(-1e6, 1e6) for _ in range(count)] + [0.5]
        return broken, math.fsum(broken)

    @staticmethod
    def wait() -> tuple[float, float]:
        seconds = _chance.choice((0.05, 0.1, 0.25, 0.5))
        return seconds, seconds


def _text() -> str:
    return "".join(_chance.choices(_LETTERS, k=_chance.randint(1, 40)))


def _value(schema: dict[str, Any]) -> Any:
    """Return a random value that a JSON Schema allows; `KeyError` for a type of schema that is not supported."""
    schema = schema.get("anyOf", [schema])[0]
    if choices := schema.get("examples", schema.get("enum")):
        return _chance.choice(choices)
    least, most = schema.get("minimum", 1), schema.get("maximum", _MOST)
    make: dict[str, Callable[[], Any]] = {
        "string": lambda: _text()[: schema.get("maxLength", _MOST)],
        "integer": lambda: _chance.randint(least, max(least, min(most, _MOST))),
        "number": lambda: round(_chance.uniform(least, max(least, min(most, _MOST))), 2),
        "boolean": lambda: _chance.random() < 0.5,
        "array": lambda: [_value(schema["items"]) for _ in range(_chance.randint(1, 8))],
    }
    return make[schema["type"]]()


def _png() -> bytes:
    """Return a small picture in one colour."""
    width, height = 96, 64
    pixels = (b"\0" + _chance.randbytes(3) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(pixels)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )

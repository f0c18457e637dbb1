"""Validate requests against a JSON Schema, and describe the first violation in a plain sentence.

fastjsonschema returns the violation as data (path, rule, value); its own messages are not used.
"""

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from functools import cache
from typing import Any, TypeVar

import fastjsonschema
import msgspec

from umbel_core.errors import Path, Rejected, dotted

T = TypeVar("T", bound=msgspec.Struct)
Schema = dict[str, Any]
Validator = Callable[[Any], object]
_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_MAX_QUOTED = 60
"""The most characters of a wrong value that a message quotes."""


def compile_schema(schema: Schema) -> Validator:
    """Compile a JSON Schema into a validator for `check`."""
    return fastjsonschema.compile(schema, use_default=False, use_formats=False)


def parse(value: Any, kind: type[T], code: str, path: Path = ()) -> T:
    """Return the value as a struct, or raise `Rejected` with this code.

    `path` is the position of the value in the request.
    """
    check(value, _validator(kind), code, path)
    # The value is valid already; `strict=False` only converts numbers such as `1.0`, an integer in JSON Schema.
    return msgspec.convert(value, kind, strict=False)


def check(value: Any, validator: Validator, code: str, path: Path = ()) -> None:
    """Raise `Rejected` with this code unless the value is valid."""
    try:
        validator(value)
    except fastjsonschema.JsonSchemaValueException as error:
        inside: Path = _path(error)
        raise violation(error.value, error.definition, error.rule, code, (*path, *inside)) from error


@cache
def _validator(kind: type[msgspec.Struct]) -> Validator:
    return compile_schema(msgspec.json.schema(kind))


def violation(  # noqa: PLR0911 - one return for each rule
    value: Any, schema: Schema, rule: str | None, code: str, path: Path
) -> Rejected:
    """Return the error for a value that breaks one rule of its schema."""
    name = dotted(path) or "the body"
    limit = schema.get(str(rule))
    match rule:
        case "required":
            missing = next(field for field in schema["required"] if field not in value)
            return Rejected(code, f"{dotted((*path, missing))} is missing.", (*path, missing))
        case "additionalProperties":
            return _unknown_field(value, schema, code, path)
        case "anyOf":
            return _none_of(value, schema, code, path)
        case "not" if "required" in schema["not"]:
            names = " and ".join(dotted((*path, field)) for field in schema["not"]["required"])
            return Rejected(code, f"{names} cannot be given together; leave one of them out.", path)
        case "enum":
            choices = ", ".join(map(str, schema["enum"]))
            return Rejected(code, f"{name} must be one of {choices}, not {_quoted(value)}.", path)
        case "type":
            return Rejected(code, f"{name} must be {_named(schema)}, not {_quoted(value)}.", path)
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            return Rejected(code, f"{name} must be {_range(schema)}, not {_quoted(value)}.", path)
        case "minLength" | "minItems" if limit == 1:
            return Rejected(code, f"{name} must not be empty.", path)
        case "minLength" | "maxLength" | "minItems" | "maxItems":
            bound = "at least" if rule in ("minLength", "minItems") else "at most"
            unit = "characters" if rule in ("minLength", "maxLength") else "items"
            return Rejected(code, f"{name} must have {bound} {limit} {unit}, not {len(value)}.", path)
        case "pattern":
            expected = schema.get("description", f"text that matches {limit}")
            return Rejected(code, f"{name} must be {expected[0].lower()}{expected[1:]}, not {_quoted(value)}.", path)
        case "multipleOf":
            return Rejected(code, f"{name} must be a multiple of {limit}, not {_quoted(value)}.", path)
        case _:
            return Rejected(code, f"{name} is not valid.", path)


def hint_at(unknown: str, known: Iterable[str], introduction: str) -> str:
    """Return the end of a sentence about an unknown name: the known one that is most like it, or all of them."""
    similar = get_close_matches(unknown, known := list(known), 1)
    return f"did you mean {similar[0]}?" if similar else f"{introduction} {', '.join(known)}."


def _unknown_field(value: dict[str, Any], schema: Schema, code: str, path: Path) -> Rejected:
    known = list(schema.get("properties", ()))
    unknown = next(field for field in value if field not in known)
    hint = hint_at(unknown, known, "known are") if known else "nothing can be given here."
    shown = (*path, unknown[:_MAX_QUOTED])
    return Rejected(code, f"{dotted(shown)} is not known; {hint}", (*path, unknown))


def _none_of(value: Any, schema: Schema, code: str, path: Path) -> Rejected:
    """Return the error for a value that fits no choice of `anyOf`; a choice of null is not mentioned."""
    choices = [choice for choice in schema["anyOf"] if choice.get("type") != "null"]
    if all(choice.keys() == {"required"} for choice in choices):
        missing = [dotted((*path, field)) for choice in choices for field in choice["required"]]
        return Rejected(code, f"{' or '.join(missing)} is missing.", path)
    if len(choices) == 1 and "$ref" not in choices[0]:
        try:
            compile_schema(choices[0])(value)
        except fastjsonschema.JsonSchemaValueException as error:
            inside: Path = _path(error)
            return violation(
                error.value, {**error.definition, **_described(schema)}, error.rule, code, (*path, *inside)
            )
    named = " or ".join(dict.fromkeys(map(_named, choices)))
    return Rejected(code, f"{dotted(path) or 'the body'} must be {named}, not {_quoted(value)}.", path)


def _path(error: fastjsonschema.JsonSchemaValueException) -> Path:
    return tuple(int(part) if part.isdigit() else part for part in error.path[1:])


def _described(schema: Schema) -> Schema:
    return {"description": schema["description"]} if "description" in schema else {}


def _named(schema: Schema) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        return " or ".join(_TYPES.get(str(name), "something else") for name in kind)
    if kind == "array" and schema.get("items", {}).get("type") in ("number", "integer"):
        return "a list of numbers"
    return _TYPES.get(str(kind), "something else")


def _range(schema: Schema) -> str:
    if "minimum" in schema and "maximum" in schema:
        return f"from {schema['minimum']} to {schema['maximum']}"
    words = {
        "minimum": "at least",
        "exclusiveMinimum": "more than",
        "maximum": "at most",
        "exclusiveMaximum": "less than",
    }
    return " and ".join(f"{word} {schema[rule]}" for rule, word in words.items() if rule in schema)


def _quoted(value: Any) -> str:
    """Return a wrong value as messages show it: shortened, and of lists and objects only the type."""
    if isinstance(value, dict | list):
        return _TYPES["array" if isinstance(value, list) else "object"]
    if isinstance(value, str):
        return f"'{value}'" if len(value) <= _MAX_QUOTED else f"'{value[:_MAX_QUOTED]}…'"
    return msgspec.json.encode(value).decode()

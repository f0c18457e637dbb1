"""What people read when a value breaks a rule: one plain sentence for each rule."""

from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta

from umbel_core.errors import Rejected
from umbel_core.validation import check, compile_schema, parse

NUMBERS = {"type": "array", "items": {"type": "number"}}


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    """A struct inside another, which JSON Schema refers to."""

    size: int


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A struct without fields."""


class Outer(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Every kind of field that a choice may have."""

    name: str = ""
    level: Annotated[int, Meta(ge=1)] | None = None
    inner: Inner | None = None
    either: int | str | None = None
    words: Annotated[list[str], Meta(max_length=2)] | None = None
    url: Annotated[str, Meta(pattern="^http", description="A URL of the web")] | None = None
    kind: Literal["a", "b"] = "a"
    nothing: Nothing = Nothing()


def sentence(value: Any, schema: dict[str, Any], *path: str | int) -> str:
    with pytest.raises(Rejected) as error:
        check(value, compile_schema(schema), "code", path or ("x",))
    assert (error.value.code, error.value.path) == ("code", path or ("x",))
    return error.value.sentence


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({"type": "string"}, 3, "x must be text, not 3."),
        ({"type": "integer"}, 1.5, "x must be a whole number, not 1.5."),
        ({"type": "number"}, "a", "x must be a number, not 'a'."),
        ({"type": "boolean"}, 1, "x must be true or false, not 1."),
        ({"type": "array"}, {}, "x must be a list, not an object."),
        ({"type": "object"}, [], "x must be an object, not a list."),
        ({"type": "null"}, True, "x must be null, not true."),
        ({"type": ["string", "null"]}, 3, "x must be text or null, not 3."),
        (NUMBERS, "a", "x must be a list of numbers, not 'a'."),
        ({**NUMBERS, "items": {"type": "integer"}}, None, "x must be a list of numbers, not null."),
        ({**NUMBERS, "items": {"type": "string"}}, None, "x must be a list, not null."),
        ({"minimum": 1, "maximum": 9}, 10, "x must be from 1 to 9, not 10."),
        ({"minimum": 1}, 0, "x must be at least 1, not 0."),
        ({"maximum": 9}, 10, "x must be at most 9, not 10."),
        ({"exclusiveMinimum": 0, "exclusiveMaximum": 1}, 1, "x must be more than 0 and less than 1, not 1."),
        ({"minimum": 0, "exclusiveMaximum": 1}, -1, "x must be at least 0 and less than 1, not -1."),
        ({"exclusiveMinimum": 0, "maximum": 1}, 0, "x must be more than 0 and at most 1, not 0."),
        ({"minLength": 1}, "", "x must not be empty."),
        ({"minItems": 1}, [], "x must not be empty."),
        ({"minLength": 2}, "a", "x must have at least 2 characters, not 1."),
        ({"maxLength": 2}, "abc", "x must have at most 2 characters, not 3."),
        ({"minItems": 2}, [1], "x must have at least 2 items, not 1."),
        ({"maxItems": 1}, [1, 2], "x must have at most 1 items, not 2."),
        ({"pattern": "^a"}, "b", "x must be text that matches ^a, not 'b'."),
        ({"pattern": "^a", "description": "A word with a"}, "b", "x must be a word with a, not 'b'."),
        ({"multipleOf": 2}, 3, "x must be a multiple of 2, not 3."),
        ({"enum": ["a", 1]}, "b", "x must be one of a, 1, not 'b'."),
        ({"not": {}}, "b", "x is not valid."),
        ({"type": "integer"}, "y" * 60, f"x must be a whole number, not '{'y' * 60}'."),
        ({"type": "integer"}, "y" * 61, f"x must be a whole number, not '{'y' * 60}…'."),
    ],
)
def test_every_rule_has_its_sentence(schema: dict[str, Any], value: Any, expected: str) -> None:
    assert sentence(value, schema) == expected


def test_the_whole_of_a_body_is_called_the_body() -> None:
    for schema in ({"type": "object"}, {"anyOf": [{"type": "object"}, {"type": "array"}]}):
        with pytest.raises(Rejected, match=r"^c: the body must be an object( or a list)?, not 3\.$"):
            check(3, compile_schema(schema), "c")


@pytest.mark.parametrize(
    ("value", "path", "expected"),
    [
        ({"level": 0}, ("level",), "level must be at least 1, not 0."),
        ({"level": "a"}, ("level",), "level must be a whole number, not 'a'."),
        ({"either": 1.5}, ("either",), "either must be a whole number or text, not 1.5."),
        ({"words": ["a", 2]}, ("words", 1), "words[1] must be text, not 2."),
        ({"words": ["a", "b", "c"]}, ("words",), "words must have at most 2 items, not 3."),
        ({"url": "ftp"}, ("url",), "url must be a URL of the web, not 'ftp'."),
        ({"kind": "c"}, ("kind",), "kind must be one of a, b, not 'c'."),
        ({"nmae": ""}, ("nmae",), "nmae is not known; did you mean name?"),
        (
            {"zzz": 1},
            ("zzz",),
            "zzz is not known; known are name, level, inner, either, words, url, kind, nothing.",
        ),
        ({"z" * 70: 1}, ("z" * 70,), f"{'z' * 60} is not known; known are name, level, inner, either, "),
        ({"nothing": {"a": 1}}, ("nothing", "a"), "nothing.a is not known; nothing can be given here."),
    ],
)
def test_a_wrong_field_of_a_struct_is_named(value: Any, path: tuple[str | int, ...], expected: str) -> None:
    with pytest.raises(Rejected) as error:
        parse(value, Outer, "code")
    assert (error.value.code, error.value.path) == ("code", path)
    assert error.value.sentence.startswith(expected)


def test_a_missing_field_is_named_with_the_place_of_its_struct() -> None:
    with pytest.raises(Rejected) as error:
        parse({}, Inner, "code", ("tasks", 2))
    assert (error.value.path, error.value.sentence) == (("tasks", 2, "size"), "tasks[2].size is missing.")


def test_of_fields_of_which_one_is_required_all_are_named() -> None:
    schema = {"type": "object", "anyOf": [{"required": ["width"]}, {"required": ["height"]}]}
    assert sentence({}, schema, "params") == "params.width or params.height is missing."
    check({"height": 1}, compile_schema(schema), "invalid")


def test_a_valid_value_becomes_the_struct() -> None:
    assert parse({"size": 2.0}, Inner, "code") == Inner(2)
    assert parse({"inner": {"size": 1}, "level": None}, Outer, "code") == Outer(inner=Inner(1))

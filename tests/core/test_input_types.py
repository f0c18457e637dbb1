"""The annotation of an op's first parameter decides what its tasks carry and what its lane needs."""

from typing import Annotated, Any

import msgspec
import pytest
from PIL.Image import Image

from umbel_core.input_types import (
    Picture,
    Url,
    input_schema,
    input_type,
    input_type_of,
    is_image,
    is_url,
    layers_for,
    schema_of,
    upload_media_types,
)


class Visit(msgspec.Struct):
    """A value of its own form."""

    store: str


class ImageOfMine:
    """Named almost like Pillow's class."""


@pytest.mark.parametrize(
    ("annotation", "name"),
    [
        (Image, "picture"),
        (Picture, "picture"),
        (Url, "url"),
        (str, "text"),
        (Annotated[str, msgspec.Meta(max_length=3)], "text"),
        (list[float], "numbers"),
        (list[int], "numbers"),
        (list[str], "json"),
        (list[Any], "json"),
        (list, "json"),
        (float, "json"),
        (dict[str, float], "json"),
        (Visit, "json"),
    ],
)
def test_an_annotation_asks_for_one_type(annotation: Any, name: str) -> None:
    assert input_type_of(annotation).name == name
    assert input_type(name).name == name


def test_only_pillows_own_class_is_an_image() -> None:
    other = type("Image", (), {"__module__": "elsewhere"})
    same_module = type("Other", (), {"__module__": "PIL.Image"})
    assert [is_image(each) for each in (Image, ImageOfMine, other, same_module, list[int], 3)] == [True] + [False] * 5


@pytest.mark.parametrize(
    ("name", "layers"), [("picture", ["imaging", "fetching"]), ("url", ["fetching"]), ("text", []), ("json", [])]
)
def test_a_lane_gets_the_layers_that_its_inputs_need(name: str, layers: list[str]) -> None:
    assert list(layers_for(name)) == layers


def test_a_file_is_named_by_a_key_or_a_url() -> None:
    assert input_schema(Image) == {
        "title": "Picture",
        "type": "string",
        "minLength": 1,
        "maxLength": 1024,
        "description": "Picture: its key in the uploads bucket, or its http or https URL",
    }
    assert "image/avif" in upload_media_types()
    assert [is_url(text) for text in ("http://a", "HTTPS://a", "uploads/http://a", "ftp://a", "")] == [
        *(True, True, False, False, False),
    ]


def test_a_value_has_the_schema_of_its_annotation() -> None:
    assert input_schema(list[float]) == {"title": "Numbers", "type": "array", "items": {"type": "number"}}
    assert schema_of(Visit) == {
        "type": "object",
        "description": "A value of its own form.",
        "properties": {"store": {"type": "string"}},
        "required": ["store"],
    }

"""The environment of a function as one typed model: infra constructs it, the function parses it.

A model is a frozen struct; field `uploads_bucket` travels as `UPLOADS_BUCKET`. Nothing else reads the environment.
"""

import os
from collections.abc import Mapping
from typing import TypeVar

import msgspec

Model = TypeVar("Model", bound=msgspec.Struct)


def parse(model: type[Model], source: Mapping[str, str] = os.environ) -> Model:
    """Read the model's fields; a missing or malformed one stops the function at its first call, by name."""
    values = {name: source[name.upper()] for name in model.__struct_fields__ if name.upper() in source}
    return msgspec.convert(values, model, strict=False)


def variables(values: msgspec.Struct) -> dict[str, str]:
    """The same model as environment variables, for infra; a field that is None stays out."""
    fields = ((name, getattr(values, name)) for name in values.__struct_fields__)
    return {name.upper(): str(value) for name, value in fields if value is not None}

"""The environment variables of a function as one struct: infra builds it, the function parses it.

Field `uploads_bucket` is the variable `UPLOADS_BUCKET`; a field that is a struct itself is JSON there. Nothing else
reads the environment.
"""

import os
from collections.abc import Mapping
from typing import Any, TypeVar, get_args

import msgspec

Model = TypeVar("Model", bound=msgspec.Struct)


def parse(model: type[Model], source: Mapping[str, str] = os.environ) -> Model:
    """Read the model's fields; raise an error that names the field when one is missing or malformed."""
    fields = [field for field in msgspec.structs.fields(model) if field.name.upper() in source]
    values = {field.name: _read(source[field.name.upper()], field.type) for field in fields}
    return msgspec.convert(values, model, strict=False)


def variables(values: msgspec.Struct) -> dict[str, str]:
    """Return the model as environment variables; a field that is None has none."""
    fields = {name.upper(): getattr(values, name) for name in values.__struct_fields__}
    return {name: _written(value) for name, value in fields.items() if value is not None}


def _read(text: str, kind: Any) -> Any:
    is_struct = any(isinstance(each, type) and issubclass(each, msgspec.Struct) for each in (kind, *get_args(kind)))
    return msgspec.json.decode(text, type=kind) if is_struct else text


def _written(value: Any) -> str:
    return msgspec.json.encode(value).decode() if isinstance(value, msgspec.Struct) else str(value)

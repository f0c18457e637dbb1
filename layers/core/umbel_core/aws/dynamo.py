"""Structs as DynamoDB items: strings, integers and booleans as such, every other value as JSON text."""

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from botocore.exceptions import ClientError
from msgspec import inspect

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

Record = TypeVar("Record", bound=msgspec.Struct)
Item = dict[str, "AttributeValueTypeDef"]


def has_code(error: ClientError, *codes: str) -> bool:
    """Return True when AWS refused the call with one of these error codes."""
    return error.response["Error"]["Code"] in codes


def plain(value: str | int | bool) -> "AttributeValueTypeDef":
    """Return a simple value in DynamoDB's notation."""
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"N": str(value)} if isinstance(value, int) else {"S": value}


def attribute(kind: type[msgspec.Struct], name: str, value: Any) -> "AttributeValueTypeDef":
    """Return the value of one field of a record, by its stored name, in DynamoDB's notation."""
    return plain(value) if _is_plain(kind)[name] else {"S": msgspec.json.encode(value).decode()}


def item(record: msgspec.Struct) -> Item:
    """Return a record's fields as attributes under their stored names, without optional ones that are None or empty."""
    kind = type(record)
    names = zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True)
    fields = ((stored, getattr(record, name)) for stored, name in names)
    required = _required(kind)
    return {
        name: attribute(kind, name, value) for name, value in fields if name in required or value not in (None, {}, [])
    }


UNREADABLE = (KeyError, TypeError, ValueError, AttributeError)
"""Errors of `record` when an item is not of the kind, as one that was written by hand."""


def record(kind: type[Record], attributes: Item) -> Record:
    """Return the record that an item holds; attributes that are not fields of it, like the keys, are ignored."""
    plains = _is_plain(kind)
    values = {name: _value(attributes[name], plains[name]) for name in plains if name in attributes}
    return msgspec.convert(values, kind, str_keys=True)


def _value(attribute: "AttributeValueTypeDef", is_plain: bool) -> Any:
    if "S" in attribute:
        return attribute["S"] if is_plain else msgspec.json.decode(attribute["S"])
    return int(attribute["N"]) if "N" in attribute else attribute["BOOL"]


@cache
def _required(kind: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(field.encode_name for field in msgspec.structs.fields(kind) if field.required)


@cache
def _is_plain(kind: type[msgspec.Struct]) -> dict[str, bool]:
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    return {field.encode_name: _simple(field.type) for field in info.fields}


def _simple(kind: inspect.Type) -> bool:
    if isinstance(kind, inspect.UnionType):
        return all(_simple(member) for member in kind.types)
    return isinstance(
        kind, inspect.StrType | inspect.IntType | inspect.BoolType | inspect.NoneType | inspect.LiteralType
    )

"""Pages of a query, each with the cursor of the next one; callers do not interpret a cursor."""

import base64
from typing import TYPE_CHECKING, Literal

import msgspec
from botocore.exceptions import ClientError

from umbel_core.aws.dynamo import Item, has_code, plain
from umbel_core.aws.table import Table
from umbel_core.errors import Rejected

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef

_Key = dict[str, dict[Literal["S"], str]]
"""All key attributes of our tables and indexes are strings."""


def page(
    table: Table, query: "QueryInputTypeDef", limit: int, cursor: str | None, equal: dict[str, str | None]
) -> tuple[list[Item], str | None]:
    """Return `limit` items whose attributes have these values (None: any value), and the cursor of the next page.

    DynamoDB filters after it has applied the limit, so this reads on until there are enough.
    """
    query = _filtered(query, {name: value for name, value in equal.items() if value is not None})
    found: list[Item] = []
    start = _decode(cursor) if cursor else None
    while True:
        try:
            items, start = table.read(query, limit - len(found), start)
        except ClientError as error:
            if cursor and has_code(error, "ValidationException"):
                raise _bad_cursor() from error
            raise
        found += items
        if not start or len(found) >= limit:
            return found, _encode(start) if start else None


def _filtered(query: "QueryInputTypeDef", wanted: dict[str, str]) -> "QueryInputTypeDef":
    if not wanted:
        return query
    query = query.copy()
    query["FilterExpression"] = " AND ".join(f"#{name} = :{name}" for name in wanted)
    query["ExpressionAttributeNames"] = {f"#{name}": name for name in wanted}
    values = {f":{name}": plain(value) for name, value in wanted.items()}
    query["ExpressionAttributeValues"] = {**query.get("ExpressionAttributeValues", {}), **values}
    return query


def _encode(key: Item) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode()


def _decode(cursor: str) -> Item:
    try:
        key = msgspec.json.decode(base64.urlsafe_b64decode(cursor), type=_Key)
        return {name: {"S": value["S"]} for name, value in key.items()}
    except (ValueError, KeyError, msgspec.DecodeError) as error:
        raise _bad_cursor() from error


def _bad_cursor() -> Rejected:
    return Rejected("invalid_cursor", "This cursor does not come from this list; start without a cursor.", ("cursor",))

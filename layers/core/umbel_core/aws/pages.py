"""A listing that comes in pages, each with the cursor of the next: opaque to callers, DynamoDB's key to us."""

import base64
from typing import Any, Literal

import msgspec
from botocore.exceptions import ClientError

from umbel_core.aws.dynamo import Item, has_code, plain
from umbel_core.errors import Rejected

_Key = dict[str, dict[Literal["S"], str]]
"""Keys of our tables and indexes are text."""


def page(
    dynamodb: Any, table: str, query: dict[str, Any], limit: int, cursor: str | None, equal: dict[str, str | None]
) -> tuple[list[Item], str | None]:
    """`limit` items that match, reading on past those that do not."""
    wanted = {name: value for name, value in equal.items() if value is not None}
    if wanted:
        query["FilterExpression"] = " AND ".join(f"#{name} = :{name}" for name in wanted)
        query["ExpressionAttributeNames"] = {f"#{name}": name for name in wanted}
        query["ExpressionAttributeValues"] |= {f":{name}": plain(value) for name, value in wanted.items()}
    found: list[Item] = []
    start = _decode(cursor)
    while True:
        more = {"ExclusiveStartKey": start} if start else {}
        try:
            answer = dynamodb.query(TableName=table, Limit=limit - len(found), **query, **more)
        except ClientError as error:
            if cursor and has_code(error, "ValidationException"):
                raise _bad_cursor() from error
            raise
        found += answer["Items"]
        start = answer.get("LastEvaluatedKey")
        if not start or len(found) >= limit:
            return found, _encode(start)


def _encode(key: Item | None) -> str | None:
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode() if key else None


def _decode(cursor: str | None) -> dict[str, Any] | None:
    if not cursor:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(cursor), type=_Key)
    except (ValueError, msgspec.DecodeError) as error:
        raise _bad_cursor() from error


def _bad_cursor() -> Rejected:
    return Rejected("invalid_cursor", "The cursor is not one that this listing gave; start without it.")

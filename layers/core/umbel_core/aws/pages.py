"""Pages of a query, each with the cursor of the next one; callers do not interpret a cursor."""

import base64
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import msgspec
from botocore.exceptions import ClientError

from umbel_core.aws.dynamo import Item, has_code, plain
from umbel_core.aws.keys import CREATION, creation, job_id_in
from umbel_core.aws.table import Table
from umbel_core.errors import Rejected

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef

MOST_QUERIES = 20
MOST_SECONDS = 3.0
"""A page that is not full after so many queries or so long ends there, and its cursor goes on from there. Without these
limits, a filter that few records pass reads everything for one page.
"""
_READ_AT_ONCE = 1000
"""The records that a filtered query evaluates. DynamoDB reads at most 1 MB for one query."""

_LONGEST_PLACE = 100
"""Characters: DynamoDB refuses longer values than 1 kB for a key."""
_Key = dict[str, dict[Literal["S"], str]]
"""All key attributes of our tables and indexes are strings."""


def page(
    table: Table, query: "QueryInputTypeDef", limit: int, cursor: str | None, equal: dict[str, str | None]
) -> tuple[list[Item], str | None]:
    """Return up to `limit` items whose attributes have these values (None: any value), and the cursor of the next page.

    DynamoDB counts an item towards the limit before it filters it out, so this reads on until there are enough.
    """
    wanted = {name: value for name, value in equal.items() if value is not None}
    query = filtered(query, wanted)
    found: list[Item] = []
    start = _decode(cursor) if cursor else None
    left, deadline = MOST_QUERIES, time.monotonic() + MOST_SECONDS
    while True:
        try:
            items, start = table.read(query, _READ_AT_ONCE if wanted else limit - len(found), start)
        except ClientError as error:
            if cursor and has_code(error, "ValidationException"):
                raise _bad_cursor() from error
            raise
        found += items
        left -= 1
        if len(found) > limit:
            found = found[:limit]
            return found, _encode({name: found[-1][name] for name in ("pk", "sk")})
        if not start or len(found) == limit or not left or time.monotonic() > deadline:
            return found, _encode(start) if start else None


def filtered(query: "QueryInputTypeDef", wanted: Mapping[str, str]) -> "QueryInputTypeDef":
    """Return the query with a filter: its items' attributes have these values."""
    if not wanted:
        return query
    query = query.copy()
    query["FilterExpression"] = " AND ".join(f"#{name} = :{name}" for name in wanted)
    query["ExpressionAttributeNames"] = {f"#{name}": name for name in wanted}
    values = {f":{name}": plain(value) for name, value in wanted.items()}
    query["ExpressionAttributeValues"] = {**query.get("ExpressionAttributeValues", {}), **values}
    return query


def cursor_at(place: str) -> str:
    """Return the cursor of the page of jobs that begins after a place in the order of creation."""
    return _encode({CREATION: plain(place)})


def place_in(cursor: str) -> str:
    """Return the place after which a page of jobs begins; raise `Rejected` for a cursor of another list."""
    key = _decode(cursor)
    if "created_at" in key and "pk" in key:  # a cursor of the version before
        place = creation(key["created_at"]["S"], job_id_in(key))
    else:
        place = key.get(CREATION, {"S": ""})["S"]
    if not 0 < len(place) <= _LONGEST_PLACE:
        raise _bad_cursor()
    return place


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

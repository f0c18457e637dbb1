"""A table in memory that is as slow as DynamoDB, and refuses transactions that meet in a record as DynamoDB does."""

import re
import threading
import time
from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError

from umbel_core.aws.dynamo import Item

Key = tuple[str, str]
_ASSIGNED = re.compile(r"([#\w]+) = (:\w+)")


class SlowTable:
    """The calls of `DynamoCounters`. Each takes so many seconds; conditions are those on versions."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._items: dict[Key, Item] = {}
        self._busy: set[Key] = set()
        self._lock = threading.Lock()

    def put(self, items: Iterable[Item]) -> None:
        """Store items without conditions."""
        self._items |= {_key(item): item for item in items}

    def get_item(self, *, Key: Item, **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's name
        """Return an item."""
        time.sleep(self._seconds)
        found = self._items.get(_key(Key))
        return {"Item": found} if found else {}

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        """Return the items that exist."""
        time.sleep(self._seconds)
        ((table, request),) = RequestItems.items()
        return {"Responses": {table: [self._items[key] for key in map(_key, request["Keys"]) if key in self._items]}}

    def transact_write_items(self, TransactItems: list[dict[str, Any]]) -> None:  # noqa: N803 - boto3's name
        """Write all or nothing."""
        writes = [next(iter(write.values())) for write in TransactItems]
        keys = [_key(write.get("Key") or write["Item"]) for write in writes]
        with self._lock:
            if self._busy & set(keys):
                raise _cancelled(["TransactionConflict" if key in self._busy else "None" for key in keys])
            self._busy |= set(keys)
        time.sleep(self._seconds)
        with self._lock:
            self._busy -= set(keys)
            kept = [self._holds(write, self._items.get(key)) for write, key in zip(writes, keys, strict=True)]
            if not all(kept):
                raise _cancelled(["None" if held else "ConditionalCheckFailed" for held in kept])
            for write, key in zip(writes, keys, strict=True):
                self._items[key] = write.get("Item") or {**self._items.get(key, write["Key"]), **_assigned(write)}

    def _holds(self, write: dict[str, Any], there: Item | None) -> bool:
        condition, values = write["ConditionExpression"], write.get("ExpressionAttributeValues", {})
        if there is None:
            return "attribute_not_exists(pk)" in condition
        return any(f"version = {name}" in condition and there["version"] == value for name, value in values.items())


def _assigned(update: dict[str, Any]) -> Item:
    names, values = update["ExpressionAttributeNames"], update["ExpressionAttributeValues"]
    return {names.get(name, name): values[value] for name, value in _ASSIGNED.findall(update["UpdateExpression"])}


def _cancelled(codes: list[str]) -> ClientError:
    reasons: Any = [{"Code": code} for code in codes]
    answer: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
    return ClientError(answer, "TransactWriteItems")


def _key(item: Item) -> Key:
    return item["pk"]["S"], item["sk"]["S"]

"""One DynamoDB table: its reads, and writes that return whether their condition held."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from secrets import randbelow
from typing import TYPE_CHECKING, cast

from botocore.exceptions import ClientError

from umbel_core.aws.dynamo import Item, has_code

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        PutTypeDef,
        QueryInputTypeDef,
        TransactWriteItemTypeDef,
        UpdateTypeDef,
    )

WRITES_PER_TRANSACTION = 100
_KEYS_PER_READ = 100
_CONFLICT = "TransactionConflict"
_BUSY = {"ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded", _CONFLICT}
"""Reasons of a cancelled transaction that is worth repeating."""
_REFUSED = "ConditionalCheckFailed"
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 3.0
_SECONDS = 10.0


class Table:
    """A table and the client that reads and writes it."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self.client = client
        self.name = name

    def get(self, key: Item) -> Item | None:
        """Return one item by a consistent read, or None."""
        return self.client.get_item(TableName=self.name, Key=key, ConsistentRead=True).get("Item")

    def get_many(self, keys: Iterable[Item]) -> Iterator[Item]:
        """Yield the items that exist of these, by consistent reads of a hundred each."""
        left, pause = list(keys), _FIRST_PAUSE
        while left:
            chunk, left = left[:_KEYS_PER_READ], left[_KEYS_PER_READ:]
            answer = self.client.batch_get_item(RequestItems={self.name: {"Keys": chunk, "ConsistentRead": True}})
            yield from answer["Responses"].get(self.name, ())
            if self.name in answer.get("UnprocessedKeys", {}):
                # The table is busy.
                left += answer["UnprocessedKeys"][self.name]["Keys"]
                time.sleep(about(pause))
                pause = min(2 * pause, _LONGEST_PAUSE)

    def query(
        self,
        condition: str,
        values: Item,
        *,
        index: str | None = None,
        consistent: bool = False,
        backwards: bool = False,
    ) -> "QueryInputTypeDef":
        """Return the input of a query, for `read` and `read_all`."""
        query: QueryInputTypeDef = {
            "TableName": self.name,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": values,
            "ScanIndexForward": not backwards,
        }
        if index:
            query["IndexName"] = index
        if consistent:
            query["ConsistentRead"] = True
        return query

    def read(
        self, query: "QueryInputTypeDef", limit: int | None = None, start: Item | None = None
    ) -> tuple[list[Item], Item | None]:
        """Return one page of a query's items, and the key after which the next page starts."""
        query = query.copy()
        if limit:
            query["Limit"] = limit
        if start:
            query["ExclusiveStartKey"] = start
        answer = self.client.query(**query)
        return answer["Items"], answer.get("LastEvaluatedKey")

    def read_all(self, query: "QueryInputTypeDef") -> Iterator[Item]:
        """Yield all items of a query."""
        items, start = self.read(query)
        yield from items
        while start:
            items, start = self.read(query, start=start)
            yield from items

    def put(
        self, item: Item, *, condition: str = "", values: Item | None = None, names: Collection[str] = ()
    ) -> "PutTypeDef":
        """Return the input of a put. Reserved words in the condition have a `#` there and are listed in `names`."""
        put: PutTypeDef = {"TableName": self.name, "Item": item}
        if condition:
            put["ConditionExpression"] = condition
        if values:
            put["ExpressionAttributeValues"] = values
        if names:
            put["ExpressionAttributeNames"] = {f"#{name}": name for name in names}
        return put

    def update(
        self, key: Item, expression: str, values: Item, *, condition: str = "", names: Collection[str] = ()
    ) -> "UpdateTypeDef":
        """Return the input of an update. Reserved words have a `#` in the expressions and are listed in `names`."""
        update: UpdateTypeDef = {
            "TableName": self.name,
            "Key": key,
            "UpdateExpression": expression,
            "ExpressionAttributeValues": values,
        }
        if condition:
            update["ConditionExpression"] = condition
        if names:
            update["ExpressionAttributeNames"] = {f"#{name}": name for name in names}
        return update

    def delete(self, key: Item) -> Item | None:
        """Delete an item; return what it was, or None when it did not exist."""
        return self.client.delete_item(TableName=self.name, Key=key, ReturnValues="ALL_OLD").get("Attributes")

    def insert(self, put: "PutTypeDef") -> bool:
        """Put an item; return False when the condition did not hold."""
        return _written(partial(self.client.put_item, **put))

    def write(self, update: "UpdateTypeDef") -> bool:
        """Update an item; return False when the condition did not hold."""
        return _written(partial(self.client.update_item, **update))

    def write_and_return(self, update: "UpdateTypeDef") -> tuple[Item | None, Item | None]:
        """Update an item; return (new, None), or (None, what it is) when the condition did not hold."""
        update = update.copy()
        update["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        try:
            return self.client.update_item(**update, ReturnValues="ALL_NEW")["Attributes"], None
        except ClientError as error:
            if has_code(error, "ConditionalCheckFailedException"):
                return None, cast("Item | None", error.response.get("Item"))
            raise

    def transact(self, writes: "Sequence[TransactWriteItemTypeDef]", seconds: float = _SECONDS) -> bool:
        """Write all or nothing; return False when a condition did not hold."""
        return not self.write_all(writes, seconds)

    def write_all(
        self, writes: "Sequence[TransactWriteItemTypeDef]", seconds: float, own: int | None = None
    ) -> list[int]:
        """Write all or nothing; return the places of the writes whose conditions did not hold.

        At the place `own` is a record that no other should write: to meet another transaction there is a refusal, too.

        Try again after a pause, for so many seconds, when the table was busy: the SDK does not. Partitions take a
        thousand writes a second, and another transaction may write the same record at this moment.
        """
        pause = _FIRST_PAUSE
        while True:
            try:
                self.client.transact_write_items(TransactItems=writes)
            except ClientError as error:
                reasons = _cancellation_reasons(error)
                if refused := [place for place, reason in enumerate(reasons) if reason == _REFUSED]:
                    return refused
                if own is not None and reasons[own : own + 1] == [_CONFLICT]:
                    return [own]
                if not set(reasons) & _BUSY or seconds <= 0:
                    raise
                wait = min(about(pause), seconds)
                time.sleep(wait)
                seconds -= wait
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                return []


def about(pause: float) -> float:
    """Return between half of a pause and one and a half: not all that wait may come back at the same moment."""
    return pause * (500 + randbelow(1000)) / 1000


def _cancellation_reasons(error: ClientError) -> list[str]:
    """Return for each write of a cancelled transaction why it was cancelled; most have `None` as text."""
    if not has_code(error, "TransactionCanceledException"):
        return []
    return [reason.get("Code", "") for reason in error.response.get("CancellationReasons", [])]


def _written(call: Callable[[], object]) -> bool:
    """Return False when the condition of a write did not hold."""
    try:
        call()
    except ClientError as error:
        if has_code(error, "ConditionalCheckFailedException"):
            return False
        raise
    return True

"""Which job a request with an `Idempotency-Key` started, kept in the ledger's table for a day."""

from typing import TYPE_CHECKING

import msgspec

from umbel_core.aws.dynamo import item, plain, record
from umbel_core.aws.keys import idempotency_key
from umbel_core.aws.table import Table
from umbel_core.clock import epoch

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class KeyedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request and the id of the job that it starts."""

    request: str
    """Hash of its route and body."""
    job_id: str
    expire_at: int


class DynamoIdempotencyKeys:
    """The keys of the last requests."""

    def __init__(self, dynamodb: "DynamoDBClient", table: str) -> None:
        self._table = Table(dynamodb, table)

    def first(self, key: str, keyed: KeyedRequest) -> KeyedRequest:
        """Store a request under its key; return the first one that was stored there and has not expired.

        DynamoDB may delete an expired record days later, so its expiry is part of the condition.
        """
        put = self._table.put(
            {**idempotency_key(key), **item(keyed)},
            condition="attribute_not_exists(pk) OR expire_at <= :now",
            values={":now": plain(epoch())},
        )
        if self._table.insert(put):
            return keyed
        there = self._table.get(idempotency_key(key))
        return record(KeyedRequest, there) if there else keyed

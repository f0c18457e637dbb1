"""Tokens in their table, found by hash."""

from typing import TYPE_CHECKING

from umbel_core.aws.dynamo import item, plain, record
from umbel_core.aws.table import Table
from umbel_core.tokens import TokenRecord, token_hash

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoTokens:
    """The deployment's tokens."""

    def __init__(self, dynamodb: "DynamoDBClient", table: str) -> None:
        self._table = Table(dynamodb, table)

    def find(self, secret: str) -> TokenRecord | None:
        """Return the record of a valid token, or None."""
        token = self.read(secret)
        return None if token is None or token.expired else token

    def read(self, secret: str) -> TokenRecord | None:
        """Return the record of a token, also when it has expired; None when there is no such token."""
        found = self._table.get({"token_hash": plain(token_hash(secret))})
        return record(TokenRecord, found) if found else None

    def add(self, token: TokenRecord) -> None:
        """Store a new token's record."""
        self._table.client.put_item(**self._table.put(item(token)))

    def all(self) -> list[TokenRecord]:
        """Return every token's record, oldest first."""
        pages = self._table.client.get_paginator("scan").paginate(TableName=self._table.name)
        records = [record(TokenRecord, entry) for page in pages for entry in page["Items"]]
        return sorted(records, key=lambda token: token.created_at)

    def revoke(self, token_id: str) -> TokenRecord | None:
        """Delete the token with this id; return its record, or None when there is none."""
        for token in self.all():
            if token.id == token_id:
                self._table.delete({"token_hash": plain(token.token_hash)})
                return token
        return None

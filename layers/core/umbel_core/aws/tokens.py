"""Tokens in their table, found by hash."""

from typing import Any

from umbel_core.aws.dynamo import item, plain, record
from umbel_core.tokens import TokenRecord, token_hash


class DynamoTokens:
    """The deployment's tokens."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def find(self, secret: str) -> TokenRecord | None:
        """The record of a token that may be used, or None."""
        key = {"token_hash": plain(token_hash(secret))}
        found = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        token = record(TokenRecord, found) if found else None
        return None if token is None or token.expired else token

    def add(self, token: TokenRecord) -> None:
        """Keep a new token's record."""
        self._dynamodb.put_item(TableName=self._table, Item=item(token))

    def all(self) -> list[TokenRecord]:
        """Every token's record, oldest first."""
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=self._table)
        records = [record(TokenRecord, entry) for page in pages for entry in page["Items"]]
        return sorted(records, key=lambda token: token.created_at)

    def revoke(self, id: str) -> TokenRecord | None:  # noqa: A002 - the contract's word
        """Remove the token of this id; its record, or None when there is none."""
        for token in self.all():
            if token.id == id:
                self._dynamodb.delete_item(TableName=self._table, Key={"token_hash": plain(token.token_hash)})
                return token
        return None

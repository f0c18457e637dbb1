"""The bearer tokens of a deployed Umbel: its operator writes them straight into their table."""

import msgspec

from umbel.faults import Fault
from umbel.stack import Site
from umbel_core.tokens import Role, TokenRecord, issue


def create(site: Site, role: Role, label: str, days: float | None = None) -> tuple[str, TokenRecord]:
    """Make a token that is valid at once. The secret is in the answer and nowhere else."""
    secret, record = issue(role, label, days)
    fields = {
        name: {"N": str(value)} if isinstance(value, int) else {"S": value}
        for name, value in msgspec.to_builtins(record).items()
        if value is not None
    }
    site.cloud.client("dynamodb").put_item(TableName=site.tokens_table, Item=fields)
    return secret, record


def every(site: Site) -> list[TokenRecord]:
    """All tokens' records, oldest first."""
    pages = site.cloud.client("dynamodb").get_paginator("scan").paginate(TableName=site.tokens_table)
    plain = [
        {name: next(iter(value.values())) for name, value in item.items()} for page in pages for item in page["Items"]
    ]
    records = [msgspec.convert(item, TokenRecord, strict=False) for item in plain]
    return sorted(records, key=lambda record: record.created_at)


def revoke(site: Site, name: str) -> TokenRecord:
    """Delete the token with this id; it is refused from then on."""
    record = next((record for record in every(site) if record.id == name), None)
    if record is None:
        raise Fault(f"there is no token '{name}': umbel token list")
    key = {"token_hash": {"S": record.token_hash}}
    site.cloud.client("dynamodb").delete_item(TableName=site.tokens_table, Key=key)
    return record

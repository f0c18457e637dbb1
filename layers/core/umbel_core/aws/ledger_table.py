"""What all parts of `DynamoLedger` share: the table, the time that records are kept, and how a job is stored."""

from typing import TYPE_CHECKING

from umbel_core.aws.dynamo import Item, item
from umbel_core.aws.keys import ALL_JOBS, job_key
from umbel_core.aws.table import Table
from umbel_core.clock import epoch
from umbel_core.ledger import JobRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class LedgerTable:
    """The ledger's table."""

    def __init__(self, dynamodb: "DynamoDBClient", table: str, retention_days: int) -> None:
        self._table = Table(dynamodb, table)
        self._retention_seconds = retention_days * 86_400

    def _expiry(self) -> int:
        return epoch() + self._retention_seconds


def job_item(job: JobRecord) -> Item:
    """Return a job's record with the attributes that put it into the indexes."""
    unfinished = {"unfinished": ALL_JOBS} if job.has_open_tasks else {}
    return {**job_key(job.id), "listed": ALL_JOBS, **unfinished, **item(job)}
